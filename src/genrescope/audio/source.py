"""From what a caller names (a path, a file object) to a seekable binary file."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, cast

from genrescope.audio.stream import StreamSource
from genrescope.types import DecodeError, refuse

FileSource = str | os.PathLike[str] | IO[bytes]
"""A path, or a file object opened for reading bytes."""

AudioSource = FileSource | StreamSource
"""A file, or what is decoded elsewhere."""

_JOINER = "\u200d"
_EMOJI_MARKS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""What may follow an emoji before it is joined to the next: its colours, and those of its skin."""

SPOOL_BYTES = 64 * 2**20
"""Up to this size a source that cannot seek is kept in memory, beyond it in a temporary file."""


def shown(name: str) -> str:
    r"""`name` as one printable line: control characters and stray bytes as escapes.

    Blanks of all kinds stay as they are, and so does what joins two emoji into one.

    >>> shown("two" + chr(10) + "lines.mp3")
    'two\\nlines.mp3'
    """
    if name.isprintable():
        return name
    return "".join(c if _is_plain(name, place) else repr(c)[1:-1] for place, c in enumerate(name))


def _is_plain(name: str, place: int) -> bool:
    """Whether a character only fills its own cells of the line."""
    c = name[place]
    if c != _JOINER:
        return c.isprintable() or unicodedata.category(c) == "Zs"
    before = name[:place].rstrip(_EMOJI_MARKS)[-1:]
    around = (before, name[place + 1 : place + 2])
    return all(one and unicodedata.category(one) == "So" for one in around)


def source_name(source: AudioSource) -> str:
    """What to call `source` before people: its path, or ``<stdin>`` and the like."""
    if isinstance(source, str | os.PathLike):
        return shown(os.fspath(source))
    name = getattr(source, "name", None)
    return shown(name) if isinstance(name, str) and name else "<stream>"


def open_source(source: FileSource, name: str = "") -> tuple[BinaryIO, bool]:
    """Open `source` as a seekable file at its beginning.

    A file object, or a path such as a pipe, that cannot seek is read to its end first.

    Parameters
    ----------
    source : str, path or binary file
    name : str
        What to call it in errors; else what it calls itself.

    Returns
    -------
    file : binary file
    owned : bool
        Whether the caller must close it: not where it is `source` itself.

    Raises
    ------
    DecodeError
        There is no such file, it may not be read, it is a directory, or it holds no byte.
    """
    name = name or source_name(source)
    with ExitStack() as stack:
        try:
            if isinstance(source, str | os.PathLike):
                refuse(not os.fspath(source), "an empty name is no file", DecodeError)
                file = stack.enter_context(_open_path(Path(source), name))
                owned = True
            else:
                strange = not hasattr(source, "seekable") or not hasattr(source, "read")
                kind = type(source).__name__
                refuse(strange, f"a path or a binary file is listened to, not {kind}", DecodeError)
                file, owned = cast("BinaryIO", source), False
            if not file.seekable():
                file, owned = stack.enter_context(_spool(file, close=owned)), True
            empty = file.seek(0, os.SEEK_END) == 0
            file.seek(0)
        except OSError as error:
            raise DecodeError(f"{name}: cannot be read ({error.strerror or error})") from error
        refuse(empty, f"{name}: the file is empty (0 bytes)", DecodeError)
        stack.pop_all()
    return file, owned


def _open_path(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise DecodeError(f"no such file: {name}") from error
    except IsADirectoryError as error:
        raise DecodeError(f"{name}: a directory, not a sound file") from error
    except PermissionError as error:
        kind = "a directory, not a sound file" if path.is_dir() else "may not be read"
        raise DecodeError(f"{name}: {kind}") from error
    except ValueError as error:
        raise DecodeError(f"{name}: no file can have such a name ({error})") from error


def _spool(file: BinaryIO, *, close: bool) -> BinaryIO:
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - handed on open
    try:
        shutil.copyfileobj(file, spool)
    except BaseException:
        spool.close()
        raise
    finally:
        if close:
            file.close()
    return cast("BinaryIO", spool)
