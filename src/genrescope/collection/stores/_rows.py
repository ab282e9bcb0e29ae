"""How values lie in a store's columns: arrays as little-endian float32, lists as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np

from genrescope.types import CollectionError, FloatArray


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


def to_json(words: tuple[str, ...]) -> str:
    """A list of words; stray bytes in them as escapes."""
    return json.dumps(words)


def from_json(text: str) -> tuple[str, ...]:
    """What `to_json` wrote."""
    return tuple(str(word) for word in json.loads(text))
