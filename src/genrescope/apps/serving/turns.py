"""Who works when: a few at once, some waiting, the rest told to come again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from genrescope.types import BusyError, StoppedError

T = TypeVar("T")

FIRST_GUESS_SECONDS = 1.0
MEMORY = 0.9
"""Weight of the past in the mean length of a turn."""


class Turns:
    """Threads that work one call each, and a bounded queue before them.

    Parameters
    ----------
    workers : int
        Calls at work at once.
    waiting : int
        Calls that may wait.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self.workers, self._most = workers, workers + waiting
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="genrescope-turn")
        self._lock = threading.Lock()
        self._taken = 0
        self._patient = 0
        self._working = 0
        self._mean_seconds = FIRST_GUESS_SECONDS
        self._closed = False

    @property
    def working(self) -> int:
        """Calls at work now."""
        return self._working

    @property
    def waiting(self) -> int:
        """Calls that wait now."""
        return max(0, self._taken + self._patient - self._working)

    def check(self) -> None:
        """Raise `BusyError` where `take` would."""
        with self._lock:
            self._refuse_full()

    def _refuse_full(self) -> None:
        if self._closed:
            raise StoppedError("the server is being stopped")
        if self._taken >= self._most:
            wait = max(1, math.ceil(self._mean_seconds * self._taken / self.workers))
            raise BusyError(
                f"all {self._most} turns are taken: ask again in {wait} s", retry_seconds=wait
            )

    def take(self, call: Callable[[], T], *, patient: bool = False) -> Future[T]:
        """Have `call` worked in its turn.

        Parameters
        ----------
        call : callable
        patient : bool
            Whether it may wait however many wait before it, and takes nobody's place in the
            queue; for work that is bounded elsewhere.

        Returns
        -------
        Future

        Raises
        ------
        BusyError
            If all turns are taken.
        """
        with self._lock:
            if not patient or self._closed:
                self._refuse_full()
            future = self._pool.submit(self._work, call)
            self._count(patient, 1)
        future.add_done_callback(partial(self._give_back, patient))
        return future

    def _work(self, call: Callable[[], T]) -> T:
        began = time.monotonic()
        with self._lock:
            self._working += 1
        try:
            return call()
        finally:
            with self._lock:
                self._working -= 1
                took = time.monotonic() - began
                self._mean_seconds = MEMORY * self._mean_seconds + (1 - MEMORY) * took

    def _count(self, patient: bool, change: int) -> None:
        if patient:
            self._patient += change
        else:
            self._taken += change

    def _give_back(self, patient: bool, _: Future[T]) -> None:
        with self._lock:
            self._count(patient, -1)

    def close(self) -> None:
        """Drop what waits, and wait for what is at work."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(cancel_futures=True)
