"""A sound that is decoded in another process: `apart_sound`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import numpy as np

from genrescope import types
from genrescope.apps.serving import booth
from genrescope.apps.serving.booths import Booth, Booths
from genrescope.apps.serving.watch import Watch
from genrescope.audio import SoundInfo
from genrescope.collection.confining import told
from genrescope.types import AudioError, BusyError, DecodeError, FloatArray, Notice, TimeLimitError

PROCESSOR_SECONDS = 120.0
"""Work on one sound that has no watch."""

SIGXCPU = -24


@contextmanager
def apart_sound(booths: Booths, file: IO[bytes], label: str, watch: Watch) -> Iterator[ApartSound]:
    """A sound that is decoded apart.

    Parameters
    ----------
    booths : Booths
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
            yield ApartSound(booths, copied, label, watch)
    else:
        yield ApartSound(booths, file, label, watch)


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
