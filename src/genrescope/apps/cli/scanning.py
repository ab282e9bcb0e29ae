"""The progress of a scan: how many, how fast, how long to go, how many failed."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from genrescope.apps.cli import show

NAME_CELLS = 32
RECENT_SECONDS = 30.0
"""The rate is that of the last half minute: it shows what happens now."""


class Scanning:
    """One line on standard error where a person watches; what is printed stands above it.

    Parameters
    ----------
    files : int
        How many there are to do.
    """

    def __init__(self, files: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=show.err(),
            disable=not show.is_terminal() or files == 0,
            transient=True,
            speed_estimate_period=RECENT_SECONDS,
        )
        self._task = self._progress.add_task("begins", total=files, rate="", failed="")
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def move(self, name: str, counts: Counter[str]) -> None:
        """One file more is done."""
        self._progress.update(self._task, advance=1, description=name[:NAME_CELLS])
        task = self._progress.tasks[0]
        speed = task.speed or task.completed / max(time.monotonic() - self._began, 1e-3)
        failed = f"{counts['failed']:,} failed" if counts["failed"] else ""
        self._progress.update(self._task, rate=f"{speed:.1f}/s", failed=failed)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
