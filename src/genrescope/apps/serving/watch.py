"""How long a piece of work may still go on: `Watch`, and files and networks that look at one."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from genrescope.audio import AudioSource
from genrescope.models.engines import Engine, Outputs
from genrescope.types import FloatArray, StoppedError, TimeLimitError

BUFFER_BYTES = 2**17


class Watch:
    """A time limit, and whether anybody still waits for the answer.

    Parameters
    ----------
    limit_seconds : float, optional
        From now on; no limit by default.
    """

    def __init__(self, limit_seconds: float | None = None) -> None:
        self.limit_seconds = limit_seconds
        self._stopped = threading.Event()
        self.begin()

    def begin(self) -> None:
        """Count the time from now."""
        self._began = time.monotonic()

    def stop(self) -> None:
        """Nobody waits any more: the work ends before its next step."""
        self._stopped.set()

    @property
    def seconds(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether the work is to end."""
        late = self.limit_seconds is not None and self.seconds > self.limit_seconds
        return late or self._stopped.is_set()

    def check(self) -> None:
        """Go on, or raise.

        Raises
        ------
        StoppedError
            If nobody waits any more.
        TimeLimitError
            If the time is up.
        """
        if self._stopped.is_set():
            raise StoppedError("stopped: nobody waits for the answer any more")
        if self.over:
            raise TimeLimitError(
                f"not done within {self.limit_seconds:g} s and given up: ask for fewer models, "
                "for a shorter stretch (start, duration) or for fewer windows"
            )


class _WatchedFile(io.FileIO):
    """A file that seems to end when the time is up: decoders then end soon, whatever they do."""

    name: str

    def __init__(self, file: str | int, label: str, watch: Watch) -> None:
        super().__init__(file, "rb")
        self.name = label
        self._watch = watch

    def readinto(self, buffer: Any, /) -> int:
        return 0 if self._watch.over else cast(int, super().readinto(buffer))


@contextmanager
def watched_file(source: AudioSource, label: str, watch: Watch) -> Iterator[AudioSource]:
    """Open a sound so that its decoding ends with the watch, and errors call it by its label.

    Parameters
    ----------
    source : str, path or binary file
        A file object without a descriptor, and a path that cannot be opened, are given as they
        are: the decoder says what is wrong with them.
    label : str
        What the sound is called before people.
    watch : Watch

    Yields
    ------
    binary file, or `source` itself
    """
    if not isinstance(source, str | os.PathLike):
        handle = _descriptor(cast(BinaryIO, source))
        opened = None if handle is None else _WatchedFile(os.dup(handle), label, watch)
    else:
        try:
            opened = _WatchedFile(os.fspath(source), label, watch)
        except (OSError, ValueError):
            opened = None
    if opened is None:
        yield source
        return
    with io.BufferedReader(opened, BUFFER_BYTES) as file:
        yield file


def _descriptor(file: BinaryIO) -> int | None:
    try:
        return file.fileno()
    except OSError:
        return None


class WatchedEngine:
    """A network that looks at the watch before every stack of pictures, and is timed.

    Parameters
    ----------
    engine : Engine
    watch : Watch
    begun : callable
        Called before every run.
    """

    def __init__(self, engine: Engine, watch: Watch, begun: Callable[[], None]) -> None:
        self.name, self.device = engine.name, engine.device
        self.precision, self.reason = engine.precision, engine.reason
        self.seconds = 0.0
        self._engine, self._watch, self._begun = engine, watch, begun

    def run(self, pictures: FloatArray) -> Outputs:
        """See `genrescope.models.engines.Engine`."""
        self._watch.check()
        self._begun()
        began = time.perf_counter()
        outputs = self._engine.run(pictures)
        self.seconds += time.perf_counter() - began
        return outputs
