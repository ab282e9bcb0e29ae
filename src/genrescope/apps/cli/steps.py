"""The progress of training: one display, a line a part of the work."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.learn.training import Progress as Step

NAME_CELLS = 40


class Steps:
    """Lines of progress on standard error; what is printed meanwhile stands above them."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=show.err(),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def add(self, what: str, total: int, done: int = 0) -> TaskID:
        """A line for a part of the work."""
        return self._progress.add_task(what, total=total, completed=done)

    def move(self, row: TaskID, what: str, done: int, total: int) -> None:
        """So much of a part is done; `what` says which comes next."""
        self._progress.update(row, description=what, completed=done, total=total)

    def learn(self, row: TaskID, step: Step, part: str = "") -> None:
        """A training step is done; figures on validation songs are printed when there are some."""
        text = f"{part}loss {step.loss:.3f} at {step.pixels} px"
        self._progress.update(row, completed=step.step, description=text)
        if step.valid:
            figures = ", ".join(f"{name} {value:.3f}" for name, value in step.valid.items())
            self.remark(f"step {step.step}: {figures}")

    def remark(self, text: str) -> None:
        """A line above the display."""
        self._progress.console.print(Text(text, style="dim"), highlight=False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
