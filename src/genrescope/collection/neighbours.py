"""Which songs of a collection are most like one, by what the models say of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genrescope.collection.table import Table


def distances(profile: NDArray[np.floating], table: Table) -> NDArray[np.float64]:
    """Hellinger distance of every file's mean probabilities from a profile.

    0 for the same probabilities, 1 where no genre is shared; unlike the Euclidean distance it
    sees a difference between two small probabilities.

    Parameters
    ----------
    profile : ndarray, shape (genres,)
        In the order of the table's labels.
    table : Table

    Returns
    -------
    ndarray of float64, shape (files,)
    """
    overlap = np.sqrt(table.mean) @ np.sqrt(np.asarray(profile, dtype=np.float64))
    gaps: NDArray[np.float64] = np.sqrt(np.clip(1 - overlap, 0, 1))
    return gaps


def nearest(
    profile: NDArray[np.floating], table: Table, count: int, leave_out: bytes | None = None
) -> tuple[tuple[int, float], ...]:
    """The nearest files, nearest first: row and distance.

    Parameters
    ----------
    profile : ndarray, shape (genres,)
    table : Table
    count : int
    leave_out : bytes, optional
        A path that is not an answer: the song asked about.
    """
    gaps = distances(profile, table)
    order = np.argsort(gaps, kind="stable")
    kept = [int(row) for row in order if table.paths[row] != leave_out]
    return tuple((row, float(gaps[row])) for row in kept[:count])
