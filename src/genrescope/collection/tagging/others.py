"""Everything in a file's tags that is no genre, so that writing one can be held to leaving it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from genrescope.audio.source import shown
from genrescope.types import TagError, refuse

V1_BYTES = 128
"""An ID3v1 block, which ends a file; its last byte is the genre."""

HEAD_BYTES = 2**24
"""Where Vorbis comments are looked for as they stand in the file."""

REPLACED = "\ufffd"


def open_untranslated(file: Any, path: Path) -> Any:
    """A file with ID3 opened again such that its frames stay those of its own version.

    Of ID3v2.3, mutagen is told of the genre alone: what it does not know it writes back to the
    byte. ID3v2.4 it has to know, to tell how sizes were written; nothing is translated there.

    Parameters
    ----------
    file : mutagen.FileType
        As `mutagen.File` opens it. What keeps no such version comes back as it is.
    path : Path
    """
    from mutagen.id3 import Frames

    if not keeps_version(file):
        return file
    known = {"TCON": Frames["TCON"]} if file.tags.version[:2] == (2, 3) else None
    return type(file)(path, translate=False, load_v1=False, known_frames=known)


def keeps_version(file: Any) -> bool:
    """Whether it has ID3v2.3 or 2.4, and not an older version, or ID3v1 alone, or other tags."""
    return _has_id3(file) and file.tags.version[:2] in ((2, 3), (2, 4))


def other_tags(file: Any, path: Path) -> list[Any]:
    """What stands beside the genre, to be compared with the same of another file.

    Parameters
    ----------
    file : mutagen.FileType
        As `mutagen.File` or `open_untranslated` gives it.
    path : Path

    Returns
    -------
    list
        Empty where there are no tags at all.

    Raises
    ------
    TagError
        If there is something that mutagen would not write back as it is.
    """
    from mutagen.flac import FLAC

    if file.tags is None:
        return []
    if _has_id3(file):
        frames = {key: _fields(one) for key, one in file.tags.items() if key != "TCON"}
        return [frames, sorted(file.tags.unknown_frames), v1_block(path)[:-1]]
    if isinstance(file.tags, list):  # Vorbis comments: pairs, a key more than once
        pairs = [(key, value) for key, value in file.tags if key.lower() != "genre"]
        _refuse_damaged(pairs, path)
        pictures = [one.write() for one in file.pictures] if isinstance(file, FLAC) else []
        return [sorted(pairs), pictures]
    plain = {key: value for key, value in file.tags.items() if key.lower() not in _GENRE_KEYS}
    return [plain, getattr(file.tags, "_failed_atoms", {})]


_GENRE_KEYS = ("genre", "\xa9gen")


def v1_block(path: Path) -> bytes:
    """The ID3v1 block at a file's end, or nothing."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - V1_BYTES))
        tail = file.read(V1_BYTES)
    return tail if len(tail) == V1_BYTES and tail.startswith(b"TAG") else b""


def put_v1_back(path: Path, before: bytes) -> None:
    """Give an ID3v1 block its texts again, whose encoding nobody knows; its genre stays new.

    Parameters
    ----------
    path : Path
    before : bytes
        From `v1_block`, before tags were written.
    """
    now = v1_block(path)
    if before and now:
        with path.open("rb+") as file:
            file.seek(-V1_BYTES, os.SEEK_END)
            file.write(before[:-1] + now[-1:])


def _has_id3(file: Any) -> bool:
    return hasattr(file.tags, "unknown_frames")


def _fields(frame: Any) -> dict[str, Any]:
    """A frame's content; in ID3v2.3 a text may have to change its encoding."""
    return {name: value for name, value in vars(frame).items() if name != "encoding"}


def _refuse_damaged(pairs: list[tuple[str, str]], path: Path) -> None:
    """Mutagen reads what is no UTF-8, or no pair, as something else, and would write that."""
    doubtful = [
        f"{key}={value}"
        for key, value in pairs
        if REPLACED in value or REPLACED in key or key.startswith("unknown")
    ]
    if not doubtful:
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    damaged = [text for text in doubtful if text.encode("utf-8", "replace") not in head]
    refuse(
        bool(damaged),
        f"a comment beside the genre is no UTF-8 ({shown(''.join(damaged[:1])[:60])}), and "
        "writing would damage it for good: left as it is",
        TagError,
    )
