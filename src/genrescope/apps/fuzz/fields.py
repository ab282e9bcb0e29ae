"""Where a sound file keeps its numbers: sizes, rates, lengths, counts, by the formats' layouts."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BOXES = frozenset(b"moov trak mdia minf stbl udta meta moof traf".split())


@dataclass(frozen=True, slots=True)
class Field:
    """A whole number inside a file.

    Attributes
    ----------
    offset, width : int
        In bytes.
    order : {'little', 'big'}
    """

    offset: int
    width: int
    order: Literal["little", "big"]

    def write(self, content: bytes, value: int) -> bytes:
        """The file with another number there, cut to the field's width."""
        cut = value % (1 << (8 * self.width))
        end = self.offset + self.width
        return content[: self.offset] + cut.to_bytes(self.width, self.order) + content[end:]


def find_fields(content: bytes) -> tuple[Field, ...]:
    """The numbers of whatever format this is; none where it is not known.

    Examples
    --------
    >>> find_fields(b"RIFF" + bytes(4) + b"WAVEdata" + bytes(4))[0]
    Field(offset=4, width=4, order='little')
    """
    if content[:4] in (b"RIFF", b"RF64"):
        found = _riff(content, "little")
    elif content[:4] == b"FORM":
        found = _riff(content, "big")
    elif content[:4] == b"fLaC":
        found = _flac(content)
    elif content[:4] == b"OggS":
        found = _ogg(content)
    elif content[4:8] == b"ftyp":
        found = _boxes(content, 0, len(content))
    else:
        found = _frames(content)
    return tuple(one for one in found if one.offset + one.width <= len(content))


def _riff(content: bytes, order: Literal["little", "big"]) -> Iterator[Field]:
    yield Field(4, 4, order)
    place = 12
    while place + 8 <= len(content):
        kind = content[place : place + 4]
        size = int.from_bytes(content[place + 4 : place + 8], order)
        yield Field(place + 4, 4, order)
        if kind in (b"fmt ", b"COMM", b"fact", b"ds64"):
            for step in range(0, min(size, 40), 2):
                yield Field(place + 8 + step, 2, order)
                yield Field(place + 8 + step, 4, order)
        place += 8 + size + size % 2


def _flac(content: bytes) -> Iterator[Field]:
    place, last = 4, False
    while not last and place + 4 <= len(content):
        last = bool(content[place] & 0x80)
        size = int.from_bytes(content[place + 1 : place + 4], "big")
        yield Field(place, 1, "big")
        yield Field(place + 1, 3, "big")
        for step in range(0, min(size, 34)):
            yield Field(place + 4 + step, 2, "big")
        place += 4 + size
    for step in range(8):  # the first frame's header
        yield Field(place + step, 1, "big")


def _ogg(content: bytes) -> Iterator[Field]:
    place = 0
    while (place := content.find(b"OggS", place)) >= 0:
        for offset, width in ((5, 1), (6, 8), (14, 4), (18, 4), (26, 1), (27, 1), (28, 4)):
            yield Field(place + offset, width, "little")
        segments = content[place + 26 : place + 27]
        body = place + 27 + (segments[0] if segments else 0)
        for step in range(0, 32, 2):
            yield Field(body + step, 4, "little")
        place += 4


def _boxes(content: bytes, begin: int, end: int) -> Iterator[Field]:
    place = begin
    while place + 8 <= end:
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        yield Field(place, 4, "big")
        if kind in BOXES:
            yield from _boxes(content, place + 8, min(place + max(8, size), end))
        elif kind != b"mdat":
            for step in range(8, min(size, 96), 4):
                yield Field(place + step, 4, "big")
                yield Field(place + step, 8, "big")
        place += max(8, size)


def _frames(content: bytes) -> Iterator[Field]:
    """MPEG audio frames' heads, the length that Xing or VBRI states, and a tag's size."""
    if content[:3] == b"ID3":
        yield Field(6, 4, "big")
        yield Field(14, 4, "big")
    for mark in (b"Xing", b"Info", b"VBRI"):
        if (place := content.find(mark)) >= 0:
            yield from (Field(place + step, 4, "big") for step in range(4, 24, 2))
    place, found = 0, 0
    while (place := content.find(b"\xff", place)) >= 0 and found < 64:
        if content[place + 1 : place + 2] >= b"\xe0":
            found += 1
            yield from (Field(place + step, 1, "big") for step in (1, 2, 3))
        place += 1


def _remainder(byte: int) -> int:
    rest = byte << 24
    for _ in range(8):
        rest = ((rest << 1) ^ 0x04C11DB7 if rest & 0x80000000 else rest << 1) & 0xFFFFFFFF
    return rest


_REMAINDERS = tuple(map(_remainder, range(256)))


def ogg_checksum(page: bytes) -> int:
    """The checksum of an Ogg page whose checksum field holds zeros (RFC 3533).

    Examples
    --------
    >>> hex(ogg_checksum(b"OggS"))
    '0x5fb0a94f'
    """
    rest = 0
    for byte in page:
        rest = ((rest << 8) & 0xFFFFFFFF) ^ _REMAINDERS[(rest >> 24) ^ byte]
    return rest


def mend_ogg(content: bytes) -> bytes:
    """An Ogg stream whose first pages have the checksums that they should have.

    A reader drops a page whose checksum is wrong, and would never see what is spoilt in it.
    """
    mended = bytearray(content)
    for place in [found.start() for found in re.finditer(b"OggS", content[:-27])][:4]:
        segments = content[place + 26]
        table = content[place + 27 : place + 27 + segments]
        end = place + 27 + segments + sum(table)
        mended[place + 22 : place + 26] = bytes(4)
        mended[place + 22 : place + 26] = ogg_checksum(bytes(mended[place:end])).to_bytes(
            4, "little"
        )
    return bytes(mended)
