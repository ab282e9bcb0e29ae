"""Choosing and fitting what tells music from other sounds, and measuring how well it does.

Training music and one fold of ambient clips teach every candidate; validation music and another
fold choose among them; the threshold lies where 95 % of validation music lies above; test music
and the third fold judge. While it is taught, music has the form of the clips (five seconds
repeated), lest the gauge learn that form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from genrescope.classification.looking import Model
from genrescope.learn.evaluation import judged_sets
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.gauge_rows import (
    FEATURES,
    Feature,
    Rows,
    measure_rows,
    score_rows,
    split_pictures,
)
from genrescope.learn.metrics import auroc
from genrescope.types import MusicGauge, TrainingError, refuse

KEPT = 0.95
PENALTY = 0.03
TAUGHT_BY = "folds 1 and 3 of ESC-10 (rain, sea, fire, engines, animals, clocks; no speech)"


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate did on the validation splits.

    Attributes
    ----------
    feature : str
    auroc : float
        On real audio where there is any, since collections differ in texture as well as in
        music; else the mean over the sets.
    """

    feature: Feature
    auroc: float


def fit_gauge(
    model: Model, collections: Sequence[Excerpts], negatives: Excerpts
) -> tuple[MusicGauge, tuple[Trial, ...]]:
    """Fit every candidate and keep the one of greatest AUROC on the validation splits.

    Parameters
    ----------
    model : Model
    collections : sequence of Excerpts
        Music; translated pictures are left out, and every set counts the same, real audio being
        one of them.
    negatives : Excerpts
        See `genrescope.learn.negatives`.

    Returns
    -------
    gauge : MusicGauge
    trials : tuple of Trial
        In the order of `FEATURES`.

    Raises
    ------
    TrainingError
        If there is no music, or no ambient clip, to learn from or to choose by.
    """
    kind = model.card.spectrogram.kind
    usable = [e for e in collections if not (kind == "cqt" and e.cqt_translated)]
    sets = judged_sets(usable)
    taught = [
        measure_rows(model, split_pictures(s, "train", kind, same_form=True)) for s in sets.values()
    ]
    found = {
        name: measure_rows(model, split_pictures(s, "valid", kind)) for name, s in sets.items()
    }
    taught, chosen = [r for r in taught if r], {name: r for name, r in found.items() if r}
    others, others_valid = (
        measure_rows(model, split_pictures([negatives], s, kind)) for s in ("train", "valid")
    )
    complete = bool(taught and chosen and others and others_valid)
    refuse(not complete, "a music gauge needs music and other sounds in each split", TrainingError)
    judges = [chosen["real audio"]] if "real audio" in chosen else list(chosen.values())
    trials, gauges = [], {}
    for feature in FEATURES:
        gauges[feature] = fit_one(feature, taught, others)
        against = score_rows(gauges[feature], others_valid)
        areas = [auroc(score_rows(gauges[feature], rows), against) for rows in judges]
        trials.append(Trial(feature, float(np.mean(areas))))
    best = gauges[max(trials, key=lambda trial: trial.auroc).feature]
    gauge = replace(
        _at_threshold(best, [score_rows(best, rows) for rows in chosen.values()]),
        fitted_on=f"train and valid splits of {', '.join(sets)}, against {TAUGHT_BY}",
    )
    return gauge, tuple(trials)


def fit_one(feature: Feature, music: Sequence[Rows], others: Rows) -> MusicGauge:
    """Fit one candidate, its threshold where both sides are as likely.

    Parameters
    ----------
    feature : str
    music : sequence of dict
        Rows of every set of music; each counts the same.
    others : dict
        Rows of other sounds, which count as much as all music.

    Returns
    -------
    MusicGauge
    """
    groups = [*(rows[feature] for rows in music), others[feature]]
    values = np.concatenate(groups)
    counts = [0.5 / len(music) / len(g) for g in groups[:-1]] + [0.5 / len(groups[-1])]
    share = np.repeat(counts, [len(g) for g in groups])
    sign = np.repeat([1.0] * len(music) + [-1.0], [len(g) for g in groups])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    weights, offset = fit_logistic((values - mean) / spread, sign, share)
    plain = weights / spread
    return MusicGauge(feature, tuple(map(float, plain)), float(offset - plain @ mean), KEPT)


def fit_logistic(
    values: NDArray[np.float64], sign: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Logistic regression with a squared penalty on its weights.

    Parameters
    ----------
    values : ndarray of float64, shape (n, features)
        Standardised.
    sign : ndarray of float64, shape (n,)
        1 or -1.
    share : ndarray of float64, shape (n,)
        How much every row counts; summing to 1.

    Returns
    -------
    weights : ndarray of float64, shape (features,)
    offset : float
    """

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (values @ point[:-1] + point[-1])
        slope = -share * sign / (1 + np.exp(np.clip(margin, -50, 50)))
        cost = share @ np.logaddexp(0, -margin) + PENALTY / 2 * point[:-1] @ point[:-1]
        return float(cost), np.append(slope @ values + PENALTY * point[:-1], slope.sum())

    found = minimize(loss, np.zeros(values.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return found[:-1], float(found[-1])


def _at_threshold(gauge: MusicGauge, scores: Sequence[NDArray[np.float64]]) -> MusicGauge:
    """The gauge moved so that a share `kept` of the music lies above 0, every set the same."""
    values = np.concatenate(scores)
    share = np.concatenate([np.full(len(s), 1 / len(s) / len(scores)) for s in scores])
    order = np.argsort(values)
    place = int(np.searchsorted(np.cumsum(share[order]), 1 - gauge.kept, side="right"))
    return replace(gauge, offset=gauge.offset - float(values[order][place]))
