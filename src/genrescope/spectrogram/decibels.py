"""Power to decibels below the loudest."""

from __future__ import annotations

import numpy as np

from genrescope.types import FloatArray

LEAST_POWER = 1e-10
"""Power that counts as none; what is all below it is silence."""


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
