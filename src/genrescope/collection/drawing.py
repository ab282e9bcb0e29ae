"""What a worker process does: hash a file, decode it, draw it, and send the pieces up a pipe.

A decoder that crashes takes this process with it and nothing else; one that asks for more memory
than it may have gets an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genrescope.audio import WindowChoice
from genrescope.classification.drawing import Drawn, Heard, draw_source
from genrescope.collection.confining import settle, silence
from genrescope.collection.places import fetched, is_url
from genrescope.collection.values import FileState
from genrescope.types import AudioError, Failure, GenrescopeError, SpectrogramSpec

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """What is drawn of every file.

    Attributes
    ----------
    specs : tuple of SpectrogramSpec
    windows : WindowChoice
    memory_bytes : int
        Address space that a worker may have; 0 for no limit.
    """

    specs: tuple[SpectrogramSpec, ...]
    windows: WindowChoice
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One file for a worker.

    Attributes
    ----------
    file : FileState
    known : frozenset of bytes
        Contents of that size which need no analysis any more.
    folder : str, optional
        Where a copy of a file that lies elsewhere goes; else where temporary files go.
    """

    file: FileState
    known: frozenset[bytes] = frozenset()
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """SHA-256 of a file's bytes, and whether it is one of the task's known contents."""

    digest: bytes
    known: bool


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more comes of this file."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker's first word."""


Piece = Content | Drawn | Heard | End | Failure
"""What a worker says of a file; the last is `End` or `Failure`."""


def work(pipe: Connection, order: Order) -> None:
    """Answer tasks until None comes or the parent is gone; the target of a worker process."""
    settle(order.memory_bytes)
    pipe.send((Ready(), 0.0))
    silence()
    while True:
        try:
            task = pipe.recv()
            if task is None:
                return
            _answer(pipe, task, order)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _answer(pipe: Connection, task: Task, order: Order) -> None:
    """Send every piece with the seconds of work so far: waiting for the parent is not work."""
    worked, began = 0.0, time.monotonic()
    for piece in pieces(task, order):
        worked += time.monotonic() - began
        pipe.send((piece, worked))
        began = time.monotonic()


def pieces(task: Task, order: Order) -> Iterator[Piece]:
    """All that is to be said of one file, errors included.

    Parameters
    ----------
    task : Task
    order : Order
    """
    path = os.fsdecode(task.file.path)
    stage = "read"
    try:
        with fetched(path, task.file.size, task.folder) as (source, digest):
            content = Content(digest, digest in task.known)
            yield content
            stage = "decode"
            if not content.known:
                yield from draw_source(source, order.specs, order.windows)
        stage = "read"
        if not _stands(path, task.file):
            yield _failure(task, "read", "it changed while it was read; scan again when it is done")
            return
    except MemoryError:
        limit = f"{order.memory_bytes / 2**30:.1f} GiB" if order.memory_bytes else "there is"
        yield _failure(task, stage, f"needs more memory than a worker may have ({limit})")
    except OSError as error:
        yield _failure(task, stage, f"cannot be read ({error.strerror or error})")
    except GenrescopeError as error:
        sound = isinstance(error, AudioError)
        yield _failure(task, stage if sound else "spectrogram", str(error))
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is this file's failure
        yield _failure(task, stage, f"{type(error).__name__}: {error}")
    else:
        yield End()


def _stands(path: str, file: FileState) -> bool:
    """Whether a file is as it was listed; of one elsewhere, a whole copy was read."""
    if is_url(path):
        return True
    state = Path(path).stat()
    return (state.st_size, state.st_mtime_ns) == (file.size, file.modified_ns)


def _failure(task: Task, stage: str, reason: str) -> Failure:
    return Failure(task.file.name, stage, reason.removeprefix(f"{task.file.name}: "))
