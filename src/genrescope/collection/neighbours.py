"""Which songs of a collection are most like one, by what the models say or see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from genrescope.collection.stores import Embeddings
from genrescope.collection.table import Table
from genrescope.types import CollectionError, FloatArray, refuse


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


def embedding_distances(
    vectors: Mapping[str, FloatArray], described: Sequence[Embeddings], table: Table
) -> NDArray[np.float64]:
    """Cosine distance of every file's embedding from a song's, the mean over models.

    0 for the same direction, 1 for a right angle. Embeddings tell more than genres: two songs
    of one genre may lie far apart, and songs of two genres near.

    Parameters
    ----------
    vectors : mapping from str to ndarray, shape (features,)
        The song's embedding by model.
    described : sequence of Embeddings
        A model each.
    table : Table

    Returns
    -------
    ndarray of float64, shape (files,)
        NaN for a file that one of the models has no embedding of.

    Raises
    ------
    CollectionError
        If a model's embeddings have another length than the song's, or nothing was described.
    """
    told = [one for one in described if one.seat.model in vectors and one.paths]
    refuse(
        not told,
        "no embeddings are kept here: these songs were scanned before embeddings were, or with "
        "models that give none; scan them into a new store",
        CollectionError,
    )
    rows = {path: row for row, path in enumerate(table.paths)}
    gaps = np.full((len(told), len(table)), np.nan)
    for number, one in enumerate(told):
        vector = np.asarray(vectors[one.seat.model], dtype=np.float64)
        refuse(
            vector.size != one.directions.shape[1],
            f"{one.seat.model} gives {vector.size} features here and gave "
            f"{one.directions.shape[1]} when it scanned",
            CollectionError,
        )
        direction = vector / (np.linalg.norm(vector) or 1.0)
        where = [(row, rows[path]) for row, path in enumerate(one.paths) if path in rows]
        near = one.directions @ direction
        for row, target in where:
            gaps[number, target] = 1 - near[row]
    mean: NDArray[np.float64] = np.clip(gaps.mean(axis=0), 0, 2)
    return mean


def nearest(
    gaps: NDArray[np.float64], table: Table, count: int, leave_out: bytes | None = None
) -> tuple[tuple[int, float], ...]:
    """The nearest files, nearest first: row and distance.

    Parameters
    ----------
    gaps : ndarray of float64, shape (files,)
        Distances; NaN where there is none.
    table : Table
    count : int
    leave_out : bytes, optional
        A path that is not an answer: the song asked about.
    """
    order = np.argsort(gaps, kind="stable")  # what is no number comes last
    kept = [int(row) for row in order if table.paths[row] != leave_out and np.isfinite(gaps[row])]
    return tuple((row, float(gaps[row])) for row in kept[:count])
