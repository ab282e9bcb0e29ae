"""Heat maps put to the test: what silencing the hottest places costs, over a test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrescope.classification.looking import Model, see
from genrescope.explain import methods
from genrescope.explain.agreement import rank_agreement
from genrescope.explain.masking import Masked, mask_window
from genrescope.learn import datasets
from genrescope.learn.evaluation import REAL_AUDIO, check_recipe
from genrescope.types import FloatArray

RESAMPLES = 2000
WAYS = ("cam", "occlusion")
"""The two whose agreement is measured."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One model's heat maps, put to the test.

    Attributes
    ----------
    model : str
    trials : tuple of Trial
        One a way of explaining it.
    rank_agreement : float or None
        Mean rank correlation of the class activation map and occlusion; None without a map.
    """

    model: str
    trials: tuple[Trial, ...]
    rank_agreement: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """How one way of explaining one model did.

    Attributes
    ----------
    model, method : str
    n : int
        Excerpts, one window each.
    hottest, elsewhere, loudest : float
        Mean losses of the first choice's probability; see `genrescope.explain.masking.Masked`.
    ahead, low, high : float
        Mean of `hottest` less `elsewhere`, with its 95 % bootstrap interval over excerpts.
    """

    model: str
    method: str
    n: int
    hottest: float
    elsewhere: float
    loudest: float
    ahead: float
    low: float
    high: float


def windows_to_try(model: Model, folder: Path, count: int) -> list[FloatArray]:
    """The middle windows of that many excerpts of real audio's test split, chosen at random.

    Raises
    ------
    TrainingError
        If the collections are not there, or the model looks at other spectrograms than they hold.
    """
    check_recipe(model.card)
    frames = model.card.spectrogram.frames
    found: list[FloatArray] = []
    for name in REAL_AUDIO:
        pictures = (
            datasets.load(name).load(folder).split("test").pictures(model.card.spectrogram.kind)
        )
        first = (pictures.shape[2] - frames) // 2
        found.extend(pictures[:, :, first : first + frames].astype(np.float32) / np.float32(255))
    order = np.random.default_rng(0).permutation(len(found))[:count]
    return [found[place] for place in order]


def try_maps(
    model: Model, windows: Sequence[FloatArray], tell: Callable[[], None] | None = None
) -> Tried:
    """Try every way that can explain the model.

    Parameters
    ----------
    model : Model
    windows : sequence of ndarray of float32, shape (bands, frames)
        In [0, 1].
    tell : callable, optional
        Called after every window.

    Returns
    -------
    Tried
    """
    with_map = see(model, windows[0][None]).cam is not None
    ways = [name for name in methods.names() if with_map or name != "cam"]
    masked: dict[str, list[Masked]] = {way: [] for way in ways}
    agreements: list[float] = []
    for number, window in enumerate(windows):
        for way in ways:
            generator = np.random.default_rng(number)
            masked[way].append(mask_window(model, window, way, generator))
        if with_map:
            agreements.append(rank_agreement(*(masked[way][-1].cells for way in WAYS)))
        if tell is not None:
            tell()
    trials = tuple(_trial(model.card.name, way, rows) for way, rows in masked.items())
    return Tried(model.card.name, trials, float(np.mean(agreements)) if agreements else None)


def _trial(model: str, method: str, rows: Sequence[Masked]) -> Trial:
    losses = np.array([[row.hottest, row.elsewhere, row.loudest] for row in rows])
    ahead = losses[:, 0] - losses[:, 1]
    chosen = np.random.default_rng(0).integers(len(ahead), size=(RESAMPLES, len(ahead)))
    low, high = np.percentile(ahead[chosen].mean(axis=1), (2.5, 97.5))
    hottest, elsewhere, loudest = (float(mean) for mean in losses.mean(axis=0))
    interval = (float(ahead.mean()), float(low), float(high))
    return Trial(model, method, len(rows), hottest, elsewhere, loudest, *interval)
