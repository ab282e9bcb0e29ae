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


def undo_temperature(probabilities: FloatArray, temperature: float) -> FloatArray:
    """What probabilities were before a temperature was applied.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (..., genres)
        As `apply_temperature` gives them.
    temperature : float
        The one that it was given.

    Returns
    -------
    ndarray of float32, shape (..., genres)

    Examples
    --------
    >>> logits = np.array([0.0, 1.0], dtype=np.float32)
    >>> before = undo_temperature(apply_temperature(logits, 2.0), 2.0)
    >>> bool(np.allclose(before, apply_temperature(logits, 1.0)))
    True
    """
    least = np.finfo(np.float32).tiny
    return apply_temperature(np.log(np.maximum(probabilities, least)), 1 / temperature)
