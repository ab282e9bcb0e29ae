"""The one number that calibration needs, found on validation songs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genrescope.classification.calibrate import apply_temperature
from genrescope.types import FloatArray


def fit_temperature(sets: Sequence[tuple[FloatArray, NDArray[np.int64]]]) -> float:
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
    low, high = float(np.log(0.2)), float(np.log(5.0))
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
