"""How many frames to multiply at once."""

from __future__ import annotations

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
