"""How values lie in a store's columns: arrays as little-endian float32, lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from genrescope.types import CollectionError, FloatArray, refuse


def now() -> str:
    """The time as the store writes it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def pack(row: FloatArray | tuple[float, ...]) -> bytes:
    """An array's numbers, row by row.

    >>> unpack(pack((0.25, 0.75)), 2).tolist()
    [[0.25, 0.75]]
    """
    return np.asarray(row, dtype="<f4").tobytes()


def unpack(data: bytes, width: int) -> FloatArray:
    """What `pack` packed, shape (n, width)."""
    row = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if width < 1 or row.size % width:
        raise CollectionError(f"a row of {row.size} numbers in the store where {width} belong")
    return row.reshape(-1, width)


def pack_direction(vector: FloatArray) -> bytes:
    """A vector's direction, as little-endian float16; a vector of zeros has none.

    >>> unpack_directions([pack_direction(np.array([3.0, 4.0], dtype=np.float32))]).round(3)
    array([[0.6, 0.8]], dtype=float32)
    """
    length = float(np.linalg.norm(np.asarray(vector, dtype=np.float64)))
    return (np.asarray(vector, dtype=np.float64) / (length or 1.0)).astype("<f2").tobytes()


def unpack_directions(packed: Sequence[bytes]) -> FloatArray:
    """What `pack_direction` packed, one a row, shape (n, features).

    Raises
    ------
    CollectionError
        If they are not of one length.
    """
    sizes = {len(one) for one in packed}
    refuse(len(sizes) > 1, "embeddings of several lengths in the store", CollectionError)
    table = np.frombuffer(b"".join(packed), dtype="<f2").astype(np.float32)
    return table.reshape(len(packed), -1) if packed else np.zeros((0, 0), dtype=np.float32)


def to_json(words: tuple[str, ...]) -> str:
    """A list of words; stray bytes in them as escapes."""
    return json.dumps(words)


def from_json(text: str) -> tuple[str, ...]:
    """What `to_json` wrote."""
    return tuple(str(word) for word in json.loads(text))
