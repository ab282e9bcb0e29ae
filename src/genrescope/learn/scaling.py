"""The numbers that calibration needs, found on validation songs: a temperature, a bias a genre."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from genrescope.classification.calibrate import apply_temperature
from genrescope.types import FloatArray

Labelled = tuple[FloatArray, NDArray[np.int64]]
"""Logits (songs, genres) and true labels (songs,) of a validation set."""

PRIOR = 4.5
"""How firmly biases are held at 0; chosen by cross-validation (decision 18)."""

TEMPERATURES = (0.2, 5.0)


def fit_temperature(sets: Sequence[Labelled]) -> float:
    """The temperature of least negative log likelihood, every set counting the same.

    Parameters
    ----------
    sets : sequence of (logits, truth)
        Logits (songs, genres) and true labels (songs,) of every validation set.

    Returns
    -------
    float
        In [0.2, 5]; by golden-section search over its logarithm, where the loss has one minimum.
    """

    def loss(log_temperature: float) -> float:
        total = 0.0
        for logits, truth in sets:
            p = apply_temperature(logits, float(np.exp(log_temperature)))
            chosen = p[np.arange(len(truth)), truth]
            total -= float(np.log(np.maximum(chosen, 1e-12)).mean())
        return total

    ratio = (5**0.5 - 1) / 2
    low, high = (float(np.log(end)) for end in TEMPERATURES)
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def fit_scaling(sets: Sequence[Labelled]) -> tuple[float, FloatArray]:
    """Temperature and a bias for every genre, of least negative log likelihood on all sets.

    A network learns from genres that are drawn equally often and from collections that file
    them differently; on validation songs some genres are named too often and some too rarely.

    Parameters
    ----------
    sets : sequence of (logits, truth)
        Every set counts the same. At least one.

    Returns
    -------
    temperature : float
        In [0.2, 5].
    bias : ndarray of float32, shape (genres,)
        To be added to the logits before they are divided by the temperature.

    Notes
    -----
    Vector scaling (Guo et al. 2017, arXiv 1706.04599) with one scale for all genres, and a
    penalty of `PRIOR` over the number of songs on the squared biases.
    """
    genres = sets[0][0].shape[1]
    penalty = PRIOR / sum(len(truth) for _, truth in sets)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        inverse, bias = float(np.exp(point[0])), point[1:]
        slope = np.concatenate([[0.0], 2 * penalty * bias])
        total = penalty * float(bias @ bias)
        for logits, truth in sets:
            cost, off = _cross_entropy(inverse * logits + bias, truth)
            total += cost / len(sets)
            slope[0] += inverse * float((off * logits).sum()) / len(sets)
            slope[1:] += off.sum(axis=0) / len(sets)
        return total, slope

    coldest, hottest = (float(np.log(end)) for end in TEMPERATURES)
    bounds = [(-hottest, -coldest), *[(-np.inf, np.inf)] * genres]
    found = minimize(loss, np.zeros(genres + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    temperature = float(np.exp(-found[0]))
    return temperature, (found[1:] * temperature).astype(np.float32)


def _cross_entropy(
    scores: NDArray[np.floating], truth: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Mean cross-entropy, and its derivative by the scores."""
    rows = np.arange(len(truth))
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    off = np.exp(log_p)
    off[rows, truth] -= 1
    return -float(log_p[rows, truth].mean()), off / len(truth)
