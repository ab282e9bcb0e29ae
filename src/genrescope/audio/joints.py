"""Where in a FLAC or Ogg file a second stream begins that was joined to the first."""

from __future__ import annotations

import os
import re
from typing import BinaryIO

_BLOCK = 2**20
_REACH = 16
"""No mark is longer; blocks overlap by as much."""

_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""The marker and the header of STREAMINFO, which is always first and 34 bytes long (RFC 9639)."""

_FIRST_PAGE = re.compile(rb"OggS\x00[\x02\x03\x06\x07]")
_LATER_PAGE = re.compile(rb"OggS\x00[\x00\x01\x04\x05]")
"""Pages that do and do not begin a stream: bit 2 of the sixth byte (RFC 3533)."""


def find_joint(file: BinaryIO) -> int:
    """The byte at which a second stream begins, or 0; FLAC and Ogg only.

    libFLAC looks for a place by the numbers of frames, which the second stream counts anew, and
    so lands in the wrong one: who seeks must give it the first stream alone.

    Parameters
    ----------
    file : binary file, seekable
        Gone through once, and put back to where it stood.

    Returns
    -------
    int
    """
    stood = file.tell()
    try:
        file.seek(0)
        head = file.read(4)
        if head == b"fLaC":
            return _find(file, _FLAC, 4)
        later = _find(file, _LATER_PAGE, 0) if head == b"OggS" else 0
        return _find(file, _FIRST_PAGE, later) if later else 0
    finally:
        file.seek(stood)


def _find(file: BinaryIO, mark: re.Pattern[bytes], begin: int) -> int:
    """The first place from `begin` on at which a mark stands, or 0."""
    file.seek(begin, os.SEEK_SET)
    place, kept = begin, b""
    while block := file.read(_BLOCK):
        looked = kept + block
        found = mark.search(looked)
        if found:
            return place - len(kept) + found.start()
        place += len(block)
        kept = looked[-_REACH:]
    return 0
