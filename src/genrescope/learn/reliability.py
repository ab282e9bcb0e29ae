"""How far a probability can be trusted: what was said beside what came true.

All take probabilities (songs, genres) and true labels (songs,): one row a song, never a window.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from genrescope.types import Band, FloatArray

Truth = NDArray[np.int64]

ECE_BINS = 15
BANDS = 10


def ece(probabilities: FloatArray, truth: Truth, bins: int = ECE_BINS) -> float:
    """Expected calibration error over equally wide bins (Guo et al. 2017, arXiv 1706.04599)."""
    sure = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == truth).astype(np.float64)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def ece_by_chance(probabilities: FloatArray, draws: int = 1000) -> tuple[float, float, float]:
    """The ECE that these very probabilities would show if every one of them were true.

    ECE is never 0 on few songs: a die that is fair shows no sixth of each face in thirty throws.
    A measured ECE says something only where it lies above this one's interval.

    Parameters
    ----------
    probabilities : ndarray, shape (songs, genres)
    draws : int
        How often truths are drawn from the probabilities; the seed is fixed.

    Returns
    -------
    tuple of (float, float, float)
        Mean, and the 2.5th and 97.5th percentiles.

    Examples
    --------
    >>> sure = np.array([[1.0, 0.0]] * 8, dtype=np.float32)
    >>> ece_by_chance(sure, draws=10)
    (0.0, 0.0, 0.0)
    """
    generator = np.random.default_rng(20240)
    sure = probabilities.max(axis=1).astype(np.float64)
    place = np.minimum((sure * ECE_BINS).astype(int), ECE_BINS - 1)
    right = generator.uniform(size=(draws, len(sure))) < sure
    gaps = (right - sure) @ np.eye(ECE_BINS)[place]
    found = np.abs(gaps).sum(axis=1) / len(sure)
    mean = float(found.mean())
    low, high = (float(edge) for edge in np.percentile(found, (2.5, 97.5)))
    return mean, min(low, mean), max(high, mean)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi 10.1080/01621459.1927.10502953).

    Parameters
    ----------
    hits, count : int
        ``0 <= hits <= count``, at least one counted.

    Returns
    -------
    tuple of (float, float)

    Examples
    --------
    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    z = 1.959964
    share, square = hits / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def reliability_bands(
    probabilities: FloatArray, truth: Truth, *, translated: bool = False
) -> tuple[Band, ...]:
    """How many first choices were right, by their probability: ten bands of equal width.

    Parameters
    ----------
    probabilities : ndarray, shape (n, genres)
    truth : ndarray of int, shape (n,)
    translated : bool
        Whether the songs' pictures were translated from another kind.

    Returns
    -------
    tuple of Band
        Bands without a song are in it too.

    Examples
    --------
    >>> beliefs = np.array([[0.95, 0.05], [0.4, 0.6]], dtype=np.float32)
    >>> [band.right for band in reliability_bands(beliefs, np.array([0, 0])) if band.songs]
    [0, 1]
    """
    first, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    place = np.minimum((confidence * BANDS).astype(np.int64), BANDS - 1)
    bands = []
    for i in range(BANDS):
        here = place == i
        songs, right = int(here.sum()), int((first[here] == truth[here]).sum())
        edges = (round(i / BANDS, 6), round((i + 1) / BANDS, 6))
        bands.append(Band(*edges, songs, right, songs if translated else 0))
    return tuple(bands)


def add_bands(parts: Iterable[tuple[Band, ...]]) -> tuple[Band, ...]:
    """The same bands over several sets of songs, counted together."""
    return tuple(
        Band(
            same[0].low,
            same[0].high,
            sum(band.songs for band in same),
            sum(band.right for band in same),
            sum(band.translated for band in same),
        )
        for same in zip(*parts, strict=True)
    )
