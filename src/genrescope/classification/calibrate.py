"""Logits to probabilities that mean what they say."""

from __future__ import annotations

import numpy as np

from genrescope.types import FloatArray


def apply_temperature(logits: FloatArray, temperature: float) -> FloatArray:
    """Softmax of logits divided by a temperature (Guo et al. 2017, arXiv 1706.04599).

    Parameters
    ----------
    logits : ndarray of float32, shape (..., genres)
    temperature : float
        Positive; above 1 it makes a network less sure of itself.

    Returns
    -------
    ndarray of float32, shape (..., genres)
        Non-negative, summing to 1 over the last axis.

    Examples
    --------
    >>> apply_temperature(np.array([0.0, 0.0], dtype=np.float32), 2.0).tolist()
    [0.5, 0.5]
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    powers = np.exp(scaled)
    shares: FloatArray = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares
