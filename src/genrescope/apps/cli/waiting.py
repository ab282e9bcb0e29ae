"""Progress for work that takes longer than a person likes to wait unaware."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from genrescope.apps.cli import show
from genrescope.audio.source import shown

PATIENCE_SECONDS = 2.0


class Waiting:
    """A progress bar on standard error that appears after two seconds, if a person watches.

    Parameters
    ----------
    files : int
        How many recordings there are.
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._done = 0
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def begin(self, name: str) -> None:
        """A recording is begun."""
        self._name = shown(name)
        self._move(0.0)

    def hear(self, seconds: float, length: float | None) -> None:
        """So many seconds of the recording were heard, of `length` where that is known."""
        self._move(min(1.0, seconds / length) if length else 0.0)

    def end(self) -> None:
        """The recording is done with."""
        self._done += 1
        self._move(0.0)

    def _move(self, share: float) -> None:
        if self._progress is None:
            if not show.is_terminal() or time.monotonic() - self._began < PATIENCE_SECONDS:
                return
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeRemainingColumn(),
                console=show.err(),
                transient=True,
            )
            self._task = self._progress.add_task("", total=self._files)
            self._progress.start()
        assert self._task is not None
        label = f"{min(self._done + 1, self._files)}/{self._files} {self._name[-40:]}"
        self._progress.update(self._task, completed=self._done + share, description=label)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
