"""Figures that say how well a model does, each with its interval.

All take probabilities (songs, genres) and true labels (songs,): one row a song, never a window.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from genrescope.learn.reliability import Truth, ece, ece_by_chance
from genrescope.types import FloatArray, Score

Metric = Callable[[FloatArray, Truth], float]

ENOUGH = 8
KEPT_METRICS = ("top1", "top3", "macro_f1", "macro_recall8", "ece", "ece_by_chance")
"""What a card keeps of what `measure` gives."""


def top_k(probabilities: FloatArray, truth: Truth, k: int) -> float:
    """Share of songs whose true label is among the `k` most probable.

    Examples
    --------
    >>> p = np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]], dtype=np.float32)
    >>> top_k(p, np.array([0, 1]), 1), top_k(p, np.array([0, 1]), 2)
    (0.5, 1.0)
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((order == truth[:, None]).any(axis=1).mean())


def confusion(probabilities: FloatArray, truth: Truth) -> NDArray[np.int64]:
    """Counts, rows true labels and columns first choices, shape (genres, genres)."""
    genres = probabilities.shape[1]
    table = np.zeros((genres, genres), dtype=np.int64)
    np.add.at(table, (truth, probabilities.argmax(axis=1)), 1)
    return table


def macro_f1(probabilities: FloatArray, truth: Truth) -> float:
    """Mean F1 over the genres that occur in `truth`; other first choices count as errors."""
    table = confusion(probabilities, truth)
    hits = np.diag(table)
    both = table.sum(axis=0) + table.sum(axis=1)
    present = table.sum(axis=1) > 0
    return float((2 * hits[present] / both[present]).mean())


def macro_recall(
    probabilities: FloatArray,
    truth: Truth,
    least: int = 1,
    genres: NDArray[np.bool_] | None = None,
) -> float:
    """Mean recall over the genres with at least `least` songs.

    Parameters
    ----------
    probabilities : ndarray, shape (songs, genres)
    truth : ndarray of int64, shape (songs,)
    least : int
    genres : ndarray of bool, shape (genres,), optional
        The genres that count, however many songs they have here: a resample of few songs would
        else be about other genres than the whole.

    Returns
    -------
    float
        0 where no genre counts.
    """
    table = confusion(probabilities, truth)
    songs = table.sum(axis=1)
    present = songs >= least if genres is None else genres & (songs > 0)
    return float((np.diag(table)[present] / songs[present]).mean()) if present.any() else 0.0


def plentiful(truth: Truth, genres: int, least: int) -> NDArray[np.bool_]:
    """Which genres have at least `least` songs, shape (genres,)."""
    enough: NDArray[np.bool_] = np.bincount(truth, minlength=genres) >= least
    return enough


def nll(probabilities: FloatArray, truth: Truth) -> float:
    """Mean negative logarithm, base e, of the true label's probability."""
    chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def auroc(positives: NDArray[np.floating], negatives: NDArray[np.floating]) -> float:
    """Chance that a positive scores above a negative; ties count half (Mann and Whitney).

    Parameters
    ----------
    positives, negatives : ndarray, shape (n,) and (m,)
        Scores; at least one of each.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> auroc(np.array([1.0, 3.0]), np.array([0.0, 2.0]))
    0.75
    """
    ranked = np.sort(negatives)
    below = np.searchsorted(ranked, positives, side="left")
    level = np.searchsorted(ranked, positives, side="right")
    return float((below + level).mean() / (2 * len(ranked)))


def _metrics(enough: NDArray[np.bool_]) -> dict[str, Metric]:
    """Every metric of a report; ``macro_recall8`` is over genres with eight songs or more."""
    return {
        "top1": lambda p, t: top_k(p, t, 1),
        "top3": lambda p, t: top_k(p, t, 3),
        "macro_f1": macro_f1,
        "macro_recall8": lambda p, t: macro_recall(p, t, genres=enough),
        "nll": nll,
        "ece": ece,
    }


def measure(
    probabilities: FloatArray,
    truth: Truth,
    dataset: str,
    split: str,
    note: str = "",
    draws: int = 1000,
) -> tuple[Score, ...]:
    """All metrics with 95 % intervals by the percentile bootstrap over songs.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (songs, genres)
    truth : ndarray of int64, shape (songs,)
    dataset, split, note : str
        For the scores.
    draws : int
        Bootstrap samples; the seed is fixed, so that the same figures come out again.

    Returns
    -------
    tuple of Score

    Notes
    -----
    ECE is biased upwards in a resample of few songs; its interval is shifted to hold the figure.
    """
    scores = []
    enough = plentiful(truth, probabilities.shape[1], ENOUGH)
    for name, metric in _metrics(enough).items():
        figures = _bootstrapped(metric, probabilities, truth, draws)
        scores.append(Score(dataset, split, name, *figures, len(truth), note))
    chance = ece_by_chance(probabilities)
    return (*scores, Score(dataset, split, "ece_by_chance", *chance, len(truth), note))


def measure_before(
    probabilities: FloatArray, truth: Truth, dataset: str, split: str, note: str = ""
) -> Score:
    """ECE before a temperature was applied, with its interval.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (songs, genres)
        At temperature 1.
    truth : ndarray of int64, shape (songs,)
    dataset, split, note : str
        For the score.

    Returns
    -------
    Score
        ``ece_before``.
    """
    figures = _bootstrapped(ece, probabilities, truth)
    return Score(dataset, split, "ece_before", *figures, len(truth), note)


def _bootstrapped(
    metric: Metric, probabilities: FloatArray, truth: Truth, draws: int = 1000
) -> tuple[float, float, float]:
    """A figure and its 95 % interval over resampled songs, which are the same for every figure."""
    rows = np.random.default_rng(20240).integers(0, len(truth), (draws, len(truth)))
    value = metric(probabilities, truth)
    samples = [metric(probabilities[r], truth[r]) for r in rows]
    low, high = (float(x) for x in np.percentile(samples, (2.5, 97.5)))
    return value, min(low, value), max(high, value)
