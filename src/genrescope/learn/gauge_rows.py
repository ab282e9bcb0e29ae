"""What music and other sounds look like to a model, a row an excerpt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from genrescope.classification.looking import Model, look
from genrescope.classification.music import music_features
from genrescope.learn.evaluation import excerpt_windows
from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.learn.negatives import as_negatives_are
from genrescope.types import FloatArray, MusicGauge

Feature = Literal["energy", "largest", "logits", "texture"]
FEATURES: tuple[Feature, ...] = get_args(Feature)

Rows = dict[Feature, NDArray[np.float64]]
"""Feature to (n, values): means over the windows of every excerpt."""


def split_pictures(
    parts: Sequence[Excerpts], split: str, kind: str, *, same_form: bool = False
) -> list[UnitBytes]:
    """Pictures of one split, labelled or not, a stack a collection that has some.

    Parameters
    ----------
    parts : sequence of Excerpts
    split, kind : str
    same_form : bool
        Whether they are brought into the form of the ambient clips.

    Returns
    -------
    list of ndarray of uint8, shape (n, bands, columns)
    """
    found = []
    for part in parts:
        keep = np.array([s == split for s in part.splits], dtype=bool)
        if keep.any():
            pictures = part.take(keep).pictures(kind)
            found.append(as_negatives_are(pictures) if same_form else pictures)
    return found


def measure_rows(
    model: Model, stacks: Sequence[UnitBytes], features: Sequence[Feature] = FEATURES
) -> Rows:
    """Features of excerpts; empty where there are none.

    Parameters
    ----------
    model : Model
    stacks : sequence of ndarray of uint8, shape (n, bands, columns)
    features : sequence of str

    Returns
    -------
    dict of str to ndarray of float64, shape (excerpts, values)
    """
    found: dict[Feature, list[FloatArray]] = {feature: [] for feature in features}
    none = np.zeros((0, len(model.card.labels)), dtype=np.float32)
    seen_only = set(features) == {"texture"}
    for stack in stacks:
        for windows, count in excerpt_windows(stack, model.card.spectrogram.frames):
            logits = none if seen_only else look(model, windows)
            for feature in features:
                values = music_features(feature, logits, windows)
                found[feature].append(values.reshape(-1, count, values.shape[1]).mean(axis=0))
    return {f: np.concatenate(v).astype(np.float64) for f, v in found.items() if v}


def score_rows(gauge: MusicGauge, rows: Rows) -> NDArray[np.float64]:
    """Scores of excerpts, shape (n,); a gauge is linear, so means of features serve."""
    scores: NDArray[np.float64] = rows[gauge.feature] @ np.asarray(gauge.weights) + gauge.offset
    return scores
