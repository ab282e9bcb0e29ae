"""The parent's side of the workers: hand out files, take pieces, replace who fell or hangs."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from genrescope.collection.confining import one_thread_each, told, without_interrupts
from genrescope.collection.drawing import End, Order, Piece, Ready, Task, work
from genrescope.collection.places import is_url
from genrescope.types import CollectionError, Failure

LIMIT_SECONDS = 60.0
MEMORY_BYTES = 4 * 2**30
"""Address space of a worker: libraries map about one of these four GiB."""

START_SECONDS = 120.0

LONGEST_WAIT = 3600.0
"""Seconds after which it is looked again; what waits in the system counts milliseconds."""


class _Hand:
    """One worker process and the file that it holds."""

    def __init__(self, order: Order) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(other, order), daemon=True)
        with one_thread_each(), without_interrupts():
            self.process.start()
        other.close()
        self.ready = False
        self.task: Task | None = None
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        self._worked, self._since = 0.0, time.monotonic()

    def give(self, task: Task) -> None:
        """Hand it a file. One that fell meanwhile shows when it is listened to."""
        self.task = task
        self._worked, self._since = 0.0, time.monotonic()
        try:
            self.pipe.send(self._with_folder(task))
        except OSError:
            return

    def _with_folder(self, task: Task) -> Task:
        """A copy of what lies elsewhere goes where this side can delete it, however that ends."""
        if not is_url(os.fsdecode(task.file.path)):
            return task
        if self._copies is None:
            try:
                self._copies = tempfile.TemporaryDirectory(
                    prefix="genrescope-", ignore_cleanup_errors=True
                )
            except OSError:
                return task  # the worker finds no room for a copy either, and says so
        return replace(task, folder=self._copies.name)

    def hear(self) -> Piece | Ready:
        """The next piece; raises `EOFError` or `OSError` where the process fell."""
        piece, self._worked = self.pipe.recv()
        self._since = time.monotonic()
        said: Piece | Ready = piece
        return said

    def worked(self) -> float:
        """Seconds of work on the file so far, as far as can be seen from here."""
        return self._worked + time.monotonic() - self._since

    def end(self) -> int | None:
        """Stop it, whatever it does, and delete what it leaves behind; its exit code."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        if self._copies is not None:
            self._copies.cleanup()
        return self.process.exitcode


class Crew:
    """Worker processes that draw files; a context manager.

    Parameters
    ----------
    order : Order
    workers : int
    limit_seconds : float
        Work on one file after which its worker is stopped and replaced.
    """

    def __init__(self, order: Order, workers: int, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._order = order
        self._workers = max(1, workers)
        self._limit = limit_seconds
        self._hands: list[_Hand] = []

    def draw(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Piece]]:
        """Pieces of all files, mixed; each file's in their order, `End` or `Failure` last.

        A task is drawn from `tasks` when a worker is free for it, so that ending `tasks` early
        finishes what is in flight and no more.

        Raises
        ------
        CollectionError
            If worker processes cannot be started here.
        """
        waiting = iter(tasks)
        more = True
        while True:
            more = more and self._fill(waiting)
            busy = [hand for hand in self._hands if hand.task is not None]
            if not busy:
                return
            ready = connection.wait([hand.pipe for hand in busy], self._patience(busy))
            for hand in busy:
                if hand.pipe in ready:
                    yield from self._listen(hand)
                elif hand.worked() > self._limit_of(hand):
                    yield from self._give_up(hand)

    def _fill(self, waiting: Iterator[Task]) -> bool:
        """Give every free worker a file; whether there may be more."""
        free = [hand for hand in self._hands if hand.task is None]
        while free or len(self._hands) < self._workers:
            task = next(waiting, None)
            if task is None:
                return False
            if not free:
                free.append(_Hand(self._order))
                self._hands.append(free[-1])
            free.pop().give(task)
        return True

    def _limit_of(self, hand: _Hand) -> float:
        return self._limit if hand.ready else START_SECONDS

    def _patience(self, busy: list[_Hand]) -> float:
        left = min(self._limit_of(hand) - hand.worked() for hand in busy)
        return min(max(left, 0.0) + 0.01, LONGEST_WAIT)

    def _listen(self, hand: _Hand) -> Iterator[tuple[Task, Piece]]:
        task = hand.task
        if task is None:
            return
        try:
            piece = hand.hear()
        except (EOFError, OSError):
            code = self._dismiss(hand, patience=2.0)
            if not hand.ready:
                raise _cannot_start(code) from None
            reason = f"the process that decoded it ended with {told(code)}"
            yield task, Failure(task.file.name, "crash", reason)
            return
        if isinstance(piece, Ready):
            hand.ready = True
            return
        if isinstance(piece, End | Failure):
            hand.task = None
        yield task, piece

    def _give_up(self, hand: _Hand) -> Iterator[tuple[Task, Piece]]:
        task = hand.task
        code = self._dismiss(hand)
        if not hand.ready:
            raise _cannot_start(code)
        if task is not None:
            reason = f"not done after {self._limit:g} s; --limit gives it more"
            yield task, Failure(task.file.name, "time", reason)

    def _dismiss(self, hand: _Hand, patience: float = 0.0) -> int | None:
        """Part with a worker; one on its way out has an exit code that says more than ours."""
        self._hands.remove(hand)
        hand.process.join(patience)
        return hand.end()

    def close(self) -> None:
        """Stop all workers."""
        while self._hands:
            self._hands.pop().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _cannot_start(code: int | None) -> CollectionError:
    return CollectionError(
        f"a worker process could not be started ({told(code)}); see what `genrescope doctor` says"
    )
