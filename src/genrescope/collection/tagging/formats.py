"""The genre in a file's tags, in whatever way its format keeps it.

Only the genre is touched: every other tag is written back as it was read, in the version that it
was in, and texts of an ID3v1 block to the byte. What has ID3v2.2, or ID3v1 alone, gets ID3v2.3.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genrescope.audio.source import shown
from genrescope.collection.tagging.others import (
    keeps_version,
    open_untranslated,
    other_tags,
    put_v1_back,
    v1_block,
)
from genrescope.types import MissingExtraError, TagError

Kind = Literal["ID3v2.3", "ID3v2.4", "Vorbis comments", "MP4", "APEv2"]
ID3_SEPARATOR = "/"
"""Between several genres in ID3v2.3, which has one value a field."""


@dataclass(frozen=True, slots=True)
class Genres:
    """What a file's tags say.

    Attributes
    ----------
    values : tuple of str
        None of them empty.
    kind : str
        How the file keeps tags, or would.
    """

    values: tuple[str, ...]
    kind: Kind


def read_genres(path: Path) -> Genres:
    """The genres in a file's tags.

    Raises
    ------
    TagError
        If the file's format keeps no tags that can be written, or it cannot be read.
    MissingExtraError
        If mutagen is not installed.
    """
    file = _open(path)
    kind = _kind(file)
    try:
        return Genres(_clean(_READERS[kind](file)), kind)
    except Exception as error:  # as in _open
        raise _cannot(path, "read", error) from error


def write_genres(path: Path, values: tuple[str, ...]) -> None:
    """Write the genres into a file's tags in place; none takes the tag away.

    Parameters
    ----------
    path : Path
        A copy that may be lost.
    values : tuple of str

    Raises
    ------
    TagError
        If it cannot be written.
    """
    file = _open(path)
    kind = _kind(file)
    try:
        file, v1 = open_untranslated(file, path), v1_block(path)
        if file.tags is None:
            file.add_tags()
        _WRITERS[kind](file, list(as_written(values, kind)))
        _save(file, kind)
        put_v1_back(path, v1)
    except Exception as error:  # as in _open
        raise _cannot(path, "written", error) from error


def same_others(first: Path, second: Path) -> bool:
    """Whether a file and its tagged copy hold the same tags beside the genre.

    Raises
    ------
    TagError
        If they cannot be read, or not be written as they are.
    MissingExtraError
        If mutagen is not installed.
    """
    files = [_open(path) for path in (first, second)]
    try:
        if keeps_version(files[0]):
            files = [open_untranslated(*pair) for pair in zip(files, (first, second), strict=True)]
        before, after = map(other_tags, files, (first, second))
    except TagError:
        raise
    except Exception as error:  # as in _open
        raise _cannot(first, "read", error) from error
    return not before or before == after


def as_written(values: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    """What reading gives after writing `values`: ID3v2.3 keeps one value."""
    return (ID3_SEPARATOR.join(values),) if kind == "ID3v2.3" and values else values


def _open(path: Path) -> Any:
    try:
        import mutagen
    except ImportError as error:
        raise MissingExtraError("reading and writing tags", "collection") from error
    try:
        file = mutagen.File(path)
    except Exception as error:  # damaged files trip mutagen anywhere
        raise _cannot(path, "read", error) from error
    if file is None or _kind_or_none(file) is None:
        raise TagError(f"{shown(os.fspath(path))}: tags of this format cannot be written here")
    return file


def _cannot(path: Path, done: str, error: Exception) -> TagError:
    reason = shown(str(error)) or type(error).__name__
    return TagError(f"{shown(os.fspath(path))}: the tags cannot be {done} ({reason})")


def _kind_or_none(file: Any) -> Kind | None:
    from mutagen.apev2 import APEv2File
    from mutagen.dsf import DSF
    from mutagen.flac import FLAC
    from mutagen.id3 import ID3FileType
    from mutagen.mp4 import MP4
    from mutagen.ogg import OggFileType
    from mutagen.wave import WAVE

    if isinstance(file, FLAC | OggFileType):
        return "Vorbis comments"
    if isinstance(file, MP4):
        return "MP4"
    if isinstance(file, APEv2File):
        return "APEv2"
    if isinstance(file, ID3FileType | WAVE | DSF) or type(file).__name__ == "AIFF":
        old = file.tags is not None and file.tags.version[:2] != (2, 4)
        return "ID3v2.3" if old else "ID3v2.4"
    return None


def _kind(file: Any) -> Kind:
    kind = _kind_or_none(file)
    if kind is None:
        raise TagError("tags of this format cannot be written here")
    return kind


def _clean(values: list[str]) -> tuple[str, ...]:
    return tuple(value.strip() for value in values if value.strip())


def _read_id3(file: Any) -> list[str]:
    frame = None if file.tags is None else file.tags.get("TCON")
    return [] if frame is None else [str(genre) for genre in frame.genres]


def _write_id3(file: Any, values: list[str]) -> None:
    from mutagen import id3

    file.tags.delall("TCON")
    if values:
        frame: Any = id3.TCON
        file.tags.add(frame(encoding=id3.Encoding.UTF8, text=values))


def _reader(key: str) -> Callable[[Any], list[str]]:
    def read(file: Any) -> list[str]:
        found = None if file.tags is None else file.tags.get(key)
        return [] if found is None else [str(value) for value in found]

    return read


def _writer(key: str) -> Callable[[Any, list[str]], None]:
    def write(file: Any, values: list[str]) -> None:
        if values:
            file.tags[key] = values
        elif key in file.tags:
            del file.tags[key]

    return write


def _save(file: Any, kind: Kind) -> None:
    """Save in the version that the tags were in; several values of a frame stay several."""
    if kind == "ID3v2.3":
        if file.tags.version[:2] != (2, 3):
            file.tags.update_to_v23()
        file.save(v2_version=3, v23_sep=None)
    else:
        file.save()


_READERS: dict[Kind, Callable[[Any], list[str]]] = {
    "ID3v2.3": _read_id3,
    "ID3v2.4": _read_id3,
    "Vorbis comments": _reader("genre"),
    "MP4": _reader("\xa9gen"),
    "APEv2": _reader("Genre"),
}
_WRITERS: dict[Kind, Callable[[Any, list[str]], None]] = {
    "ID3v2.3": _write_id3,
    "ID3v2.4": _write_id3,
    "Vorbis comments": _writer("genre"),
    "MP4": _writer("\xa9gen"),
    "APEv2": _writer("Genre"),
}
