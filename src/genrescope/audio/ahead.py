"""One piece read while the one before it is worked on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class OneAhead(Generic[T]):
    """Calls a function that gives piece after piece, once ahead of being asked, on a thread.

    Decoders and what takes their samples (resampling, spectrograms) compute without the
    interpreter's lock, so that two processors share the work on one sound. No piece is read before
    the first one is asked for, and no two at once.

    Parameters
    ----------
    read : callable
        Gives the next piece.
    ended : callable
        Whether a piece is the last, behind which nothing is to be read.
    """

    def __init__(self, read: Callable[[], T], ended: Callable[[T], bool]) -> None:
        self._read = read
        self._ended = ended
        self._thread: ThreadPoolExecutor | None = None
        self._coming: Future[T] | None = None

    def take(self) -> T:
        """The next piece; the one behind it is begun.

        Raises
        ------
        Exception
            What `read` raised; nothing is begun then.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "decoding")
        coming = self._coming = self._coming or self._thread.submit(self._read)
        try:
            piece = coming.result()
        finally:
            if coming.done():  # else Ctrl-C came while it was waited for
                self._coming = None
        if not self._ended(piece):
            self._coming = self._thread.submit(self._read)
        return piece

    def settle(self) -> None:
        """Wait for what was begun and forget it: whoever else uses what is read from may go on."""
        coming, self._coming = self._coming, None
        if coming is not None and not coming.cancel():
            coming.exception()

    def close(self) -> None:
        """Settle, and let the thread end; twice does no harm."""
        self.settle()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=True)
