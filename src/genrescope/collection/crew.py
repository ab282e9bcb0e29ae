"""The parent's side of the workers: hand out files, take pieces, replace who fell or hangs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Self

from genrescope.collection.drawing import End, Order, Piece, Ready, Task, work
from genrescope.types import CollectionError, Failure

LIMIT_SECONDS = 60.0
MEMORY_BYTES = 4 * 2**30
"""Address space of a worker: libraries map about one of these four GiB."""

START_SECONDS = 120.0
_ENVIRONMENT = threading.Lock()
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Hand:
    """One worker process and the file that it holds."""

    def __init__(self, order: Order) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(other, order), daemon=True)
        with _one_thread_each():
            self.process.start()
        other.close()
        self.ready = False
        self.task: Task | None = None
        self._worked, self._since = 0.0, time.monotonic()

    def give(self, task: Task) -> None:
        """Hand it a file. One that fell meanwhile shows when it is listened to."""
        self.task = task
        self._worked, self._since = 0.0, time.monotonic()
        try:
            self.pipe.send(task)
        except OSError:
            return

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
        """Stop it, whatever it does; its exit code."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
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
        return max(0.01, min(self._limit_of(hand) - hand.worked() for hand in busy) + 0.01)

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
            reason = f"the process that decoded it ended with {_told(code)}"
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


def _told(code: int | None) -> str:
    if code is not None and code < 0:
        known = {int(one): one.name for one in signal.Signals}
        return f"signal {-code} ({known.get(-code, 'unknown')})"
    return f"exit code {code}"


def _cannot_start(code: int | None) -> CollectionError:
    return CollectionError(
        f"a worker process could not be started ({_told(code)}); see what `genrescope doctor` says"
    )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers are as many as the processors: threads of their libraries would only quarrel."""
    with _ENVIRONMENT:
        before: dict[str, Any] = {name: os.environ.get(name) for name in _THREADS}
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
