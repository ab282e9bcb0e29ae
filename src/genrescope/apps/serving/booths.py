"""Decoding in processes of their own: `Booths`. A decoder that falls takes no server along."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from multiprocessing import reduction
from typing import IO

from genrescope.apps.serving import booth
from genrescope.apps.serving.watch import Watch
from genrescope.collection.confining import one_thread_each, told, without_interrupts
from genrescope.types import BusyError

MEMORY_BYTES = 2 * 2**30
"""Address space of a decoding process; its libraries map 0.3 of these two GiB."""

START_SECONDS = 60.0
LOOK_SECONDS = 0.2
"""How often the watch is looked at while nothing comes."""

MESSAGE_BYTES = 2**28
"""A longer message comes from a process that is not itself any more."""

POSSIBLE = sys.platform != "win32"
"""Open files are handed over as descriptors, which Windows has not."""


class Booth:
    """One decoding process, ready or about to be."""

    def __init__(self, memory_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=booth.work, args=(other, memory_bytes), daemon=True)
        with one_thread_each(), without_interrupts():
            self.process.start()
        other.close()
        self._ready = False

    def order(self, file: IO[bytes], order: booth.Order, watch: Watch) -> None:
        """Hand over a file and what is wanted of it; raises `EOFError` where the process fell."""
        if not self._ready:
            self._await_first_word(watch)
        try:
            self.pipe.send(order)
            reduction.send_handle(self.pipe, file.fileno(), self.process.pid)
        except OSError as error:
            raise EOFError from error

    def _await_first_word(self, watch: Watch) -> None:
        end = time.monotonic() + START_SECONDS
        try:
            while not self.pipe.poll(LOOK_SECONDS):
                watch.check()
                if time.monotonic() > end:
                    raise EOFError
            self._ready = self.pipe.recv_bytes(MESSAGE_BYTES) == booth.READY
        except (EOFError, OSError) as error:
            code = told(self.end())
            raise BusyError(f"a decoding process could not be started ({code})", 5) from error

    def hear(self, watch: Watch) -> tuple[bytes, bytes]:
        """The next message's kind and content; raises `EOFError`, and what the watch raises."""
        while not self.pipe.poll(LOOK_SECONDS):
            watch.check()
        try:
            message = self.pipe.recv_bytes(MESSAGE_BYTES)
        except OSError as error:
            raise EOFError from error
        return message[:1], message[1:]

    def end(self, patience: float = 0.0) -> int | None:
        """Stop the process, whatever it does; its exit code."""
        self.process.join(patience)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode


class Booths:
    """Decoding processes that are kept warm; safe in many threads.

    Parameters
    ----------
    kept : int
        How many are kept while nobody wants them. More are started where they are wanted.
    memory_bytes : int
        Address space of each.
    """

    def __init__(self, kept: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self._kept, self._memory = kept, memory_bytes
        self._idle: list[Booth] = []
        self._lock = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Start one before anybody waits for it."""
        self.give_back(self.take())

    def take(self) -> Booth:
        """A process that nobody else has.

        Raises
        ------
        BusyError
            If the system starts none.
        """
        with self._lock:
            while self._idle:
                one = self._idle.pop()
                if one.process.is_alive():
                    return one
                one.end()
        try:
            return Booth(self._memory)
        except OSError as error:
            why = f"a decoding process could not be started ({error.strerror}): try later"
            raise BusyError(why, 5) from error

    def give_back(self, one: Booth) -> None:
        """Keep a process that is done, or end it where enough are kept."""
        with self._lock:
            if not self._closed and len(self._idle) < self._kept:
                self._idle.append(one)
                return
        one.end()

    def close(self) -> None:
        """End the processes that nobody has; the others end when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.end()
