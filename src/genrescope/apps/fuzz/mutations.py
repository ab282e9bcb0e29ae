"""Ways to spoil a sound file: each takes bytes and a generator, and gives bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from genrescope.apps.fuzz.fields import find_fields, mend_ogg

Mutation = Callable[[bytes, np.random.Generator], bytes]

TELLING = (0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**24 - 1)
LARGE = (2**31 - 1, 2**31, 2**32 - 1, 2**32 - 8, 2**48, 2**62, 2**63 - 1, 2**64 - 1)
VALUES = (*TELLING, *LARGE)
BOMB_BYTES = 2**26
"""What a packed picture unpacks to."""


def bend_field(content: bytes, generator: np.random.Generator) -> bytes:
    """Another number where the format keeps one: a size, a rate, a length, a count."""
    fields = find_fields(content)
    if not fields:
        return overwrite(content, generator)
    chosen = fields[int(generator.integers(len(fields)))]
    bent = chosen.write(content, VALUES[int(generator.integers(len(VALUES)))])
    return mend_ogg(bent) if content[:4] == b"OggS" and generator.random() < 0.7 else bent


def flip_bits(content: bytes, generator: np.random.Generator) -> bytes:
    """Some bits turned over, anywhere."""
    spoilt = bytearray(content)
    for place in generator.integers(0, max(1, len(spoilt)), int(generator.integers(1, 40))):
        if spoilt:
            spoilt[place] ^= 1 << int(generator.integers(8))
    return bytes(spoilt)


def flip_head(content: bytes, generator: np.random.Generator) -> bytes:
    """Some bits turned over in the first 256 bytes."""
    return flip_bits(content[:256], generator) + content[256:]


def overwrite(content: bytes, generator: np.random.Generator) -> bytes:
    """A stretch of noughts, of ones, or of noise."""
    begin, end = _stretch(content, generator)
    kind = generator.integers(3)
    filled = generator.bytes(end - begin) if kind == 2 else (b"\0", b"\xff")[kind] * (end - begin)
    return content[:begin] + filled + content[end:]


def truncate(content: bytes, generator: np.random.Generator) -> bytes:
    """The beginning only."""
    return content[: int(generator.integers(0, len(content) + 1))]


def behead(content: bytes, generator: np.random.Generator) -> bytes:
    """Without the first bytes."""
    return content[int(generator.integers(1, 4096)) :]


def cut_out(content: bytes, generator: np.random.Generator) -> bytes:
    """A stretch is missing."""
    begin, end = _stretch(content, generator)
    return content[:begin] + content[end:]


def repeat(content: bytes, generator: np.random.Generator) -> bytes:
    """A stretch stands there several times."""
    begin, end = _stretch(content, generator)
    return content[:end] + content[begin:end] * int(generator.integers(1, 4)) + content[end:]


def append_itself(content: bytes, generator: np.random.Generator) -> bytes:
    """Two files in one."""
    return content + content[int(generator.integers(0, 2)) * len(content) // 2 :]


def add_bomb(content: bytes, generator: np.random.Generator) -> bytes:
    """An ID3 tag whose picture, or whose packed frame, unpacks to 64 MiB."""
    return id3(picture_frame() if generator.random() < 0.5 else packed_frame()) + content


def add_long_tag(content: bytes, generator: np.random.Generator) -> bytes:
    """An ID3 tag that says it is longer than the file, or frames longer than the tag."""
    size = int(generator.choice([len(content) * 2, 2**27, 2**28 - 1]))
    stated = struct.pack(">I", int(generator.choice([2**31 - 1, 2**32 - 1])))
    return b"ID3\x04\0\0" + _synchsafe(size) + b"APIC" + stated + b"\0\0" + content


def id3(frame: bytes) -> bytes:
    """An ID3v2.4 tag of one frame."""
    return b"ID3\x04\0\0" + _synchsafe(len(frame)) + frame


@lru_cache(maxsize=1)
def picture_frame() -> bytes:
    """A cover of 8192 × 8192 grey points, packed as PNG packs them."""
    head = struct.pack(">IIBBBBB", 8192, 8192, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(BOMB_BYTES + 8192), 9)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    body = b"\0image/png\0\x03\0" + png
    return b"APIC" + _synchsafe(len(body)) + b"\0\0" + body


@lru_cache(maxsize=1)
def packed_frame() -> bytes:
    """A comment that is packed (flag 0x09: packed, with the length that it unpacks to)."""
    packed = _synchsafe(BOMB_BYTES) + zlib.compress(b"\0eng\0" + bytes(BOMB_BYTES - 5), 9)
    return b"COMM" + _synchsafe(len(packed)) + b"\0\x09" + packed


def _synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _stretch(content: bytes, generator: np.random.Generator) -> tuple[int, int]:
    begin = int(generator.integers(0, max(1, len(content))))
    return begin, min(len(content), begin + int(generator.integers(1, 4096)))


MUTATIONS: dict[str, Mutation] = {
    made.__name__: made
    for made in (
        *(bend_field, flip_bits, flip_head, overwrite, truncate, behead, cut_out, repeat),
        *(append_itself, add_bomb, add_long_tag),
    )
}
WEIGHTS = (8, 2, 3, 1, 2, 1, 1, 1, 1, 0.3, 0.5)
"""How often each is taken."""
