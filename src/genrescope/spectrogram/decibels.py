"""Power to the values of a spectrogram: decibels below the loudest, or a plain logarithm."""

from __future__ import annotations

import numpy as np

from genrescope.types import FloatArray, SpectrogramSpec

LEAST_POWER = 1e-10
"""Power that counts as none; what is all below it is silence."""


def compress(power: FloatArray, spec: SpectrogramSpec) -> FloatArray:
    """Power to values as the recipe wants them.

    Parameters
    ----------
    power : ndarray of float32, any shape
        Not negative.
    spec : SpectrogramSpec

    Returns
    -------
    ndarray of float32, same shape
        Within ``spec.value_range``.
    """
    if spec.compression == "log10":
        return to_log10(power, spec.log_gain, spec.log_ceiling)
    return to_decibels(power, spec.dynamic_range_db)


def to_log10(power: FloatArray, gain: float, ceiling: float) -> FloatArray:
    """``log10(1 + gain * power)``, no more than the ceiling.

    Parameters
    ----------
    power : ndarray of float32, any shape
        Not negative.
    gain, ceiling : float
        Positive.

    Returns
    -------
    ndarray of float32, same shape
        In [0, ceiling].

    Examples
    --------
    >>> to_log10(np.array([0.0, 0.0999, 1e30], dtype=np.float32), 1e4, 8.0).tolist()
    [0.0, 3.0, 8.0]
    """
    scaled = np.log1p(power * np.float32(gain)) / np.float32(np.log(10))
    values: FloatArray = np.minimum(scaled, np.float32(ceiling)).astype(np.float32, copy=False)
    return values


def to_decibels(power: FloatArray, dynamic_range_db: float) -> FloatArray:
    """Power in dB relative to its maximum, floored.

    Parameters
    ----------
    power : ndarray of float32, any shape
        Not negative.
    dynamic_range_db : float

    Returns
    -------
    ndarray of float32, same shape
        In [-dynamic_range_db, 0]; all at the floor where no value exceeds `LEAST_POWER`.

    Examples
    --------
    >>> to_decibels(np.array([1.0, 0.1, 0.0], dtype=np.float32), 80.0).tolist()
    [0.0, -10.0, -80.0]
    """
    loudest = float(power.max())
    if loudest <= LEAST_POWER:
        return np.full(power.shape, -dynamic_range_db, dtype=np.float32)
    shares = np.maximum(power, np.float32(LEAST_POWER)) / np.float32(loudest)
    decibels = np.float32(10) * np.log10(shares)
    floored: FloatArray = np.clip(decibels, -dynamic_range_db, 0.0).astype(np.float32, copy=False)
    return floored
