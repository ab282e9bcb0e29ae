"""Matrix products in pieces: how many frames to multiply at once."""

from __future__ import annotations

import numpy as np

from genrescope.types import FloatArray

PRODUCT = 2**18
"""Multiplications in one matrix product, at most.

OpenBLAS computes a product of this size on the calling thread. So short a piece gains nothing
from a second one, and loses much by waiting for it where the machine is busy.
"""

CHUNK = 128
"""Terms added up by one matrix product, at most.

Sums this short are added up in one order whatever the number of threads, and so the values of a
spectrogram are the same to the last digit.
"""


def block_rows(terms: int, columns: int) -> int:
    """Frames in a product of `terms` by `columns` weights, from 8 to 64.

    Examples
    --------
    >>> block_rows(128, 24), block_rows(128, 64), block_rows(128, 1000)
    (64, 32, 8)
    """
    return min(64, max(8, PRODUCT // (terms * columns)))


def multiply(left: FloatArray, right: FloatArray) -> FloatArray:
    """``left @ right``, a few rows at a time, so that BLAS computes all of it on this thread.

    Parameters
    ----------
    left : ndarray of float32, shape (..., rows, terms)
    right : ndarray of float32, shape (..., terms, columns)

    Returns
    -------
    ndarray of float32, shape (..., rows, columns)

    Examples
    --------
    >>> multiply(np.ones((3, 2), np.float32), np.ones((2, 4), np.float32)).tolist()[0]
    [2.0, 2.0, 2.0, 2.0]
    """
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    rows, (terms, columns) = left.shape[-2], right.shape[-2:]
    made = np.empty((*stack, rows, columns), dtype=np.float32)
    most = block_rows(terms, columns)
    for first in range(0, rows, most):
        part = slice(first, first + most)
        np.matmul(left[..., part, :], right, out=made[..., part, :])
    return made
