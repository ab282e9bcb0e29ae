"""What stands in a row of a shard, and which row of a file holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

KEY = "key"
FAILED = b""
"""In the place of a model and its recipe: a failure is every model's."""

_KEY_BYTES = 16


@dataclass(slots=True)
class Said:
    """The last row of every place of one path: its number and its key."""

    rows: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)

    def number(self, place: bytes) -> int:
        """Of the last row there; -1 where there is none."""
        return self.rows[place][0] if place in self.rows else -1

    def holds(self, place: bytes, key: bytes) -> bool:
        """Whether the place's last row says this, and no failure or success came after it."""
        number, kept = self.rows.get(place, (-1, b""))
        others = self.rows if place == FAILED else (FAILED,)
        return kept == key and all(number >= self.number(one) for one in others)


def key_of(*told: str | bytes) -> bytes:
    """What a row says, in a few bytes."""
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    for part in told:
        content = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.digest()


def schema_of(pa: Any) -> Any:
    """The columns of a shard, as PyArrow's schema."""
    return pa.schema(
        [
            (KEY, pa.binary(_KEY_BYTES)),
            ("number", pa.int64()),
            ("path", pa.string()),
            ("path_bytes", pa.binary()),
            ("genre", pa.string()),
            ("probability", pa.float32()),
            ("probabilities", pa.map_(pa.string(), pa.float32())),
            ("seconds", pa.float32()),
            ("music", pa.float32()),
            ("model", pa.string()),
            ("model_sha256", pa.string()),
            ("recipe", pa.string()),
            ("stage", pa.string()),
            ("reason", pa.string()),
        ]
    )
