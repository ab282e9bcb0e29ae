"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genrescope.types import GenrescopeError, ModelError

READABLE = 0o644


def write_whole(path: Path, content: bytes) -> None:
    """Put a file into place in one step; what stops that leaves the old file and nothing beside.

    Parameters
    ----------
    path : Path
        Its folder is made where it is absent.
    content : bytes

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error})") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to, put in place of `path` where that succeeds; else `path` is untouched.

    A link stays one. What is no plain file, such as a pipe, is given out itself.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        yield path
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else READABLE
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".genrescope-")
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def writing_whole(path: Path, name: str, fault: type[GenrescopeError]) -> Iterator[Path]:
    """As `replacing`; where the system refuses, a sentence on `name` with its reason.

    Raises
    ------
    GenrescopeError
        A `fault`; what was at `path` before is there still.
    """
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise fault(f"{name}: cannot be written ({error.strerror or error})") from error
