"""Whether a sound is music at all.

A network that knows sixteen genres names one of them for rain, too, and its logits tell little
of it. The windows themselves tell more: engines and rain are even in time and rough in no
particular band, speech and barking leave gaps, music holds its tones. A `MusicGauge` on the card
weighs such features; `genrescope.learn.gauging` chooses and fits it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrescope.types import FloatArray, GenrescopeError, MusicGauge, refuse

GROUPS = 16
"""Neighbouring bands are averaged in so many groups."""

FLOOR = 0.5
"""Values below it, in [0, 1], count as it: −40 dB in our recipes. What lies deeper tells how a
recording was stored rather than what sounds in it."""


def music_features(feature: str, logits: FloatArray, windows: FloatArray) -> FloatArray:
    """What a gauge weighs, a row a window.

    Parameters
    ----------
    feature : {'energy', 'largest', 'logits', 'texture'}
        See `genrescope.types.MusicGauge`.
    logits : ndarray of float32, shape (n, genres)
    windows : ndarray of float32, shape (n, bands, frames)
        In [0, 1], with at least `GROUPS` bands.

    Returns
    -------
    ndarray of float32, shape (n, features)

    Raises
    ------
    GenrescopeError
        If there is no such feature.
    """
    if feature == "texture":
        return texture(windows)
    largest: FloatArray = logits.max(axis=1, keepdims=True)
    if feature == "largest":
        return largest
    refuse(feature not in ("energy", "logits"), f"no feature {feature!r}", GenrescopeError)
    energy: FloatArray = largest + np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
    return energy if feature == "energy" else np.concatenate([logits, energy], axis=1)


def texture(windows: FloatArray) -> FloatArray:
    """Statistics of windows: a quarter each of spectrum, spread, change in time, and roughness.

    Parameters
    ----------
    windows : ndarray of float32, shape (n, bands, frames)
        In [0, 1], with at least `GROUPS` bands.

    Returns
    -------
    ndarray of float32, shape (n, 4 * GROUPS)
        Per group of bands, lowest first: its mean above the window's mean; the standard
        deviation over time of the group; its mean absolute change from column to column; the
        mean absolute difference of neighbouring bands within it.

    Raises
    ------
    GenrescopeError
        If there are too few bands.
    """
    bands = windows.shape[1]
    refuse(bands < GROUPS, f"{bands} bands are too few to gauge music by", GenrescopeError)
    heard = np.maximum(windows, np.float32(FLOOR))
    edges = [group * bands // GROUPS for group in range(GROUPS + 1)]
    parts = [heard[:, low:high] for low, high in pairwise(edges)]
    levels = np.stack([part.mean(axis=1) for part in parts], axis=1)
    spectrum = levels.mean(axis=2)
    steps = [np.abs(np.diff(part, axis=1)) for part in parts]
    rough = [s.mean(axis=(1, 2)) if s.size else np.zeros(len(s), np.float32) for s in steps]
    statistics = (
        spectrum - spectrum.mean(axis=1, keepdims=True),
        levels.std(axis=2),
        np.abs(np.diff(levels, axis=2)).mean(axis=2),
        np.stack(rough, axis=1),
    )
    joined: FloatArray = np.concatenate(statistics, axis=1).astype(np.float32)
    return joined


def music_scores(gauge: MusicGauge, logits: FloatArray, windows: FloatArray) -> FloatArray:
    """How much every window sounds like music; 0 is where the gauge divides.

    Parameters
    ----------
    gauge : MusicGauge
    logits : ndarray of float32, shape (n, genres)
    windows : ndarray of float32, shape (n, bands, frames)
        In [0, 1].

    Returns
    -------
    ndarray of float32, shape (n,)

    Raises
    ------
    GenrescopeError
        If the gauge has not one weight a feature.
    """
    features = music_features(gauge.feature, logits, windows)
    refuse(
        features.shape[1] != len(gauge.weights),
        f"the card's music gauge has {len(gauge.weights)} weights for {features.shape[1]} "
        "features: fit it again",
        GenrescopeError,
    )
    weights = np.asarray(gauge.weights, dtype=np.float64)
    scores: FloatArray = (features @ weights + gauge.offset).astype(np.float32)
    return scores


def music_confidence(scores: NDArray[np.floating]) -> float:
    """Confidence in [0, 1] that a recording with these window scores is music.

    It is the logistic function of their mean: 0.5 is where the gauge divides. It is no
    probability, since nothing is known of how often people will ask about rain.

    Examples
    --------
    >>> music_confidence(np.array([-1.0, 1.0]))
    0.5
    """
    mean = float(np.mean(scores, dtype=np.float64))
    return float(1 / (1 + np.exp(-np.clip(mean, -50, 50))))
