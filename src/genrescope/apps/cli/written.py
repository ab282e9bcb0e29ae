"""Files that a command writes: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.models.whole import replacing
from genrescope.types import GenrescopeError


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Where to write what shall stand at `path`, and stands there once all of it is written.

    Raises
    ------
    GenrescopeError
        If it cannot be written; what was there before is there still.
    """
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        reason = error.strerror or error
        raise GenrescopeError(f"{shown(str(path))}: cannot be written ({reason})") from error
