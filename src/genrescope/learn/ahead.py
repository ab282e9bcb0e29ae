"""Batches made while the network learns from the one before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """What belongs to a step, made on a thread of its own, one step before it is wanted.

    NumPy and the teachers' engine compute without the interpreter's lock, so that one processor
    prepares while another learns. What is made must depend on the step alone.

    Parameters
    ----------
    make : callable
        From a step, counted from 0, to what belongs to it.
    """

    def __init__(self, make: Callable[[int], T]) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._coming: dict[int, Future[T]] = {}

    def take(self, step: int, last: int) -> T:
        """What belongs to a step; that of the next one is begun, unless this is the last.

        Raises
        ------
        Exception
            What `make` raised.
        """
        coming = self._coming.pop(step, None) or self._thread.submit(self._make, step)
        self._coming.clear()
        made = coming.result()
        if step < last:
            self._coming[step + 1] = self._thread.submit(self._make, step + 1)
        return made
