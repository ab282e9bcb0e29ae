"""Files that a command writes: whole, or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.models.whole import writing_whole
from genrescope.types import GenrescopeError


def written(path: Path) -> AbstractContextManager[Path]:
    """Where to write what shall stand at `path`, and stands there once all of it is written.

    Raises
    ------
    GenrescopeError
        If it cannot be written; what was there before is there still.
    """
    return writing_whole(path, shown(str(path)), GenrescopeError)
