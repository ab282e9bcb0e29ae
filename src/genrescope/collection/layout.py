"""A map of songs in two dimensions, from what the models say of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-3
"""Smaller probabilities are taken for this one: a logarithm would make much of their noise."""
STRETCH = 0.05
"""So far from nought, as a share of the greatest, a genre must pull an axis to be named by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Axes of a map, and where songs lie on it.

    Attributes
    ----------
    places : ndarray of float64, shape (songs, 2)
        Right and up; in the units of the centred log-ratio, natural logarithm.
    axes : ndarray of float64, shape (2, genres)
        How far each genre pulls to the right, and upwards; of length 1, or 0 where there is no
        such axis.
    kept : float
        Share of the songs' variance that two dimensions keep, in [0, 1].
    """

    places: NDArray[np.float64]
    axes: NDArray[np.float64]
    kept: float


def lay_out(profiles: NDArray[np.floating]) -> Layout:
    """Lay songs out by principal components of their centred log-ratios.

    Probabilities add up to one, so that distances between them mislead: what one genre gains
    another must lose. Their centred log-ratio (Aitchison 1986, The Statistical Analysis of
    Compositional Data) is free of that. The two directions in which the songs differ most are the
    axes. The same songs always give the same map; each axis points to where its strongest genre
    grows.

    Parameters
    ----------
    profiles : ndarray, shape (songs, genres)
        Probabilities.

    Returns
    -------
    Layout

    Examples
    --------
    >>> songs = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.1, 0.8, 0.1]])
    >>> lay_out(songs).places.shape
    (3, 2)
    """
    ratios = log_ratios(profiles)
    songs, genres = ratios.shape
    axes = np.zeros((2, genres))
    if not songs:
        return Layout(np.zeros((0, 2)), axes, 0.0)
    centred = ratios - ratios.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    total = float(variances.clip(0).sum())
    if total <= 0:
        return Layout(np.zeros((songs, 2)), axes, 0.0)
    found = directions.T[::-1][:2]
    strongest = np.abs(found).argmax(axis=1)
    axes[: len(found)] = found * np.sign(found[np.arange(len(found)), strongest])[:, None]
    kept = float(variances[::-1][:2].clip(0).sum()) / total
    return Layout(centred @ axes.T, axes, min(1.0, kept))


def log_ratios(profiles: NDArray[np.floating]) -> NDArray[np.float64]:
    """Centred log-ratios, shape (songs, genres): each logarithm less the mean of its row."""
    logs = np.log(np.maximum(np.asarray(profiles, dtype=np.float64), LEAST))
    centred: NDArray[np.float64] = logs - logs.mean(axis=1, keepdims=True)
    return centred


def pulls(
    axis: NDArray[np.float64], labels: tuple[str, ...], count: int = 2
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Genres that pull an axis most to its beginning, and to its end.

    Parameters
    ----------
    axis : ndarray of float64, shape (genres,)
    labels : tuple of str
    count : int
        So many at most on each side.
    """
    order = np.argsort(axis, kind="stable")
    edge = STRETCH * float(np.abs(axis).max(initial=0.0))
    low = tuple(labels[i] for i in order[:count] if axis[i] < -edge)
    high = tuple(labels[i] for i in order[::-1][:count] if axis[i] > edge)
    return low, high


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Rows to draw where there are more than can be drawn: evenly spread, the same every time."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.linspace(0, count - 1, most).round().astype(np.int64)
