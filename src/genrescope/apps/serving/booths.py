"""Decoding in processes of their own: `Booths`. A decoder that falls takes no server along."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import reduction
from typing import IO, Any, cast

import numpy as np

from genrescope import types
from genrescope.apps.serving import booth
from genrescope.apps.serving.watch import Watch
from genrescope.audio import SoundInfo
from genrescope.collection.confining import one_thread_each, told
from genrescope.types import AudioError, BusyError, DecodeError, FloatArray, Notice, TimeLimitError

MEMORY_BYTES = 2 * 2**30
"""Address space of a decoding process; its libraries map 0.3 of these two GiB."""

START_SECONDS = 60.0
LOOK_SECONDS = 0.2
"""How often the watch is looked at while nothing comes."""

MESSAGE_BYTES = 2**28
"""A longer message comes from a process that is not itself any more."""

PROCESSOR_SECONDS = 120.0
"""Work on one sound that has no watch."""

SIGXCPU = -24
POSSIBLE = sys.platform != "win32"
"""Open files are handed over as descriptors, which Windows has not."""


class Booth:
    """One decoding process, ready or about to be."""

    def __init__(self, memory_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=booth.work, args=(other, memory_bytes), daemon=True)
        with one_thread_each():
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

    @contextmanager
    def sound(self, file: IO[bytes], label: str, watch: Watch) -> Iterator[ApartSound]:
        """A sound that is decoded apart.

        Parameters
        ----------
        file : binary file
            One that has no descriptor is copied into a temporary one first.
        label : str
            What it is called before people.
        watch : Watch
            Ends the decoding, whatever the decoder is at.
        """
        try:
            file.fileno()
        except OSError:
            with tempfile.TemporaryFile(prefix="genrescope-") as copied:
                shutil.copyfileobj(file, copied)
                copied.flush()
                yield ApartSound(self, copied, label, watch)
        else:
            yield ApartSound(self, file, label, watch)

    def close(self) -> None:
        """End the processes that nobody has; the others end when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.end()


class ApartSound:
    """A `genrescope.audio.stream.StreamSource` whose streams come from a `Booths`."""

    def __init__(self, booths: Booths, file: IO[bytes], name: str, watch: Watch) -> None:
        self.name = name
        self._booths, self._file, self._watch = booths, file, watch

    def open_stream(self, start: float, duration: float | None) -> ApartStream:
        """See `genrescope.audio.stream.StreamSource`."""
        limit = self._watch.limit_seconds or PROCESSOR_SECONDS
        return ApartStream(
            self._booths, self._file, booth.Order(self.name, start, duration, limit), self._watch
        )


class ApartStream:
    """A `genrescope.audio.stream.Stream` that is decoded in another process.

    Raises
    ------
    AudioError
        What decoding raised there.
    DecodeError
        If the process fell: the file broke the decoder.
    TimeLimitError, StoppedError
        As the watch says.
    BusyError
        If no process can be had.
    """

    def __init__(self, booths: Booths, file: IO[bytes], order: booth.Order, watch: Watch) -> None:
        self._booths, self._order, self._watch = booths, order, watch
        self._notices: tuple[Notice, ...] = ()
        self._ended = False
        self._booth: Booth | None = booths.take()
        try:
            self._booth.order(file, order, watch)
            head = _opened(self._next())
            self.info = SoundInfo(**head["info"])
            self._samples: int | None = head["samples"]
        except BaseException as error:
            self._leave(error)
            raise

    @property
    def exact_samples(self) -> int | None:
        """See `genrescope.audio.stream.Stream`."""
        return self._samples

    @property
    def notices(self) -> tuple[Notice, ...]:
        """See `genrescope.audio.stream.Stream`."""
        return self._notices

    def blocks(self) -> Iterator[FloatArray]:
        """See `genrescope.audio.stream.Stream`."""
        while not self._ended:
            try:
                kind, content = self._next()
                if kind == booth.SAMPLES:
                    block = np.frombuffer(content, dtype=np.float32)
                else:
                    self._notices = tuple(Notice(**one) for one in json.loads(content))
            except BaseException as error:
                self._leave(error)
                raise
            if kind == booth.SAMPLES:
                yield block
            self._ended = kind == booth.ENDED

    def _next(self) -> tuple[bytes, bytes]:
        """The next message; one that is an error is raised."""
        if self._booth is None:
            raise AudioError(f"{self._order.name}: closed already")
        kind, content = self._booth.hear(self._watch)
        if kind == booth.FAULT:
            error = _fault(json.loads(content))
            self._ended = True
            raise error
        return kind, content

    def _leave(self, error: BaseException) -> None:
        """Part with the process after an error; one that fell is this sound's failure."""
        one, self._booth = self._booth, None
        if one is None:
            return
        if self._ended:
            self._booths.give_back(one)
            return
        if isinstance(error, BusyError):  # it never began
            return
        code = one.end(patience=2.0 if isinstance(error, EOFError) else 0.0)
        if code == SIGXCPU:
            seconds = f"{self._order.processor_seconds:g} s"
            raise TimeLimitError(
                f"{self._order.name}: decoding it took more than {seconds} of the processor's time"
            ) from error
        if isinstance(error, EOFError):
            raise DecodeError(
                f"{self._order.name}: the process that decodes it ended with {told(code)}"
            ) from error
        if isinstance(error, ValueError | TypeError | KeyError):
            raise DecodeError(
                f"{self._order.name}: the process that decodes it is out of its mind"
            ) from error

    def close(self) -> None:
        """Give the process back; one in the middle of the sound is asked to stop first."""
        one, self._booth = self._booth, None
        if one is None:
            return
        if self._ended or self._stopped(one):
            self._booths.give_back(one)
        else:
            one.end()

    def _stopped(self, one: Booth) -> bool:
        """Whether the process has stopped in the middle of the sound, and is of use."""
        try:
            one.pipe.send(booth.Enough())
            kind = b""
            while kind not in (booth.ENDED, booth.FAULT):
                kind, _ = one.hear(self._watch)
        except (EOFError, OSError, types.ServingError):
            return False
        return True


def _opened(message: tuple[bytes, bytes]) -> dict[str, Any]:
    kind, content = message
    if kind != booth.OPENED:
        raise EOFError
    return cast("dict[str, Any]", json.loads(content))


def _fault(told_of: dict[str, Any]) -> AudioError:
    """The error that was raised in the other process: one of `AudioError`'s kinds, or that."""
    kind = getattr(types, str(told_of.get("kind")), AudioError)
    fits = isinstance(kind, type) and issubclass(kind, AudioError)
    return cast("type[AudioError]", kind if fits else AudioError)(str(told_of.get("message")))
