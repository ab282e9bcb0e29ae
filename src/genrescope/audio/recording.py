"""One recording listened to once: `listen` and the `Recording` that it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from genrescope.audio.chain import Chains
from genrescope.audio.changes import Change, Changer
from genrescope.audio.cleaning import KEPT_SECONDS, Trim
from genrescope.audio.decode import AudioStream
from genrescope.audio.info import SoundInfo
from genrescope.audio.quality import SILENT_PEAK, QualityMeter
from genrescope.audio.resample import resample
from genrescope.audio.source import AudioSource, open_source, source_name
from genrescope.audio.stream import Stream, StreamSource
from genrescope.audio.windows import ALL_WINDOWS, WindowChoice
from genrescope.types import (
    AudioError,
    FloatArray,
    Notice,
    SilentAudioError,
    SpectrogramSpec,
    refuse,
)


class Recording:
    """An open recording; made by `listen`. A context manager.

    Attributes
    ----------
    name : str
        What the sound is read from, for people.
    info : SoundInfo
        What the file says of itself.
    start : float
        Where the first block begins, in seconds of the source.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        start: float = 0.0,
        duration: float | None = None,
        window_seconds: float = 10.0,
        changes: Sequence[Change] = (),
    ) -> None:
        self.name = source_name(source)
        self.start = start
        self._duration = duration
        self._changes = tuple(changes)
        self._begun = self._ended = False
        self._peak = 0.0
        self._found: tuple[Notice, ...] = ()
        self._total: int | None = None
        self._counted_seconds: float | None = None
        with ExitStack() as stack:
            self._open = self._opener(source, stack)
            self._stream = self._open()
            stack.callback(self._close_stream)
            self.info: SoundInfo = self._stream.info
            self._skip_silence()
            self._changers = self._ready_changers()
            self._meter = QualityMeter(self.info.sample_rate, window_seconds)
            self._stack = stack.pop_all()

    def _opener(self, source: AudioSource, stack: ExitStack) -> Callable[[], Stream]:
        """What opens the sound at `start`, as often as it must be gone through."""
        if isinstance(source, StreamSource):
            return lambda: source.open_stream(self.start, self._duration)
        file, owned = open_source(source)
        if owned:
            stack.callback(file.close)
        return lambda: AudioStream(file, start=self.start, duration=self._duration, name=self.name)

    def _ready_changers(self) -> list[Changer]:
        return [change.changer(self.info.sample_rate, self.start) for change in self._changes]

    def _skip_silence(self) -> None:
        """Hear only from where sound begins to where it ends, if that was asked for.

        The sound is gone through once for that, however long its silences are.
        """
        levels = [change.level for change in self._changes if isinstance(change, Trim)]
        if not levels:
            return
        begin, end = self._sounding(max(levels))
        self.start += begin
        self._duration = end - begin
        self._open_again()

    def _open_again(self) -> None:
        """Go back to `start`; what was found on the way there is kept."""
        self._found = self._all_found()
        self._stream.close()
        self._stream = self._open()

    def _all_found(self) -> tuple[Notice, ...]:
        stream = self._stream.notices
        codes = {notice.code for notice in stream}
        return (*stream, *(notice for notice in self._found if notice.code not in codes))

    def _sounding(self, level: float) -> tuple[float, float]:
        """Seconds within the stream between which all lies that is louder than `level`."""
        first, last, passed = None, 0, 0
        for block in self._stream.blocks():
            loud = np.flatnonzero(np.abs(block) > level)
            if loud.size:
                first = passed + int(loud[0]) if first is None else first
                last = passed + int(loud[-1]) + 1
            passed += block.size
        rate = self.info.sample_rate
        if first is None:
            return 0.0, passed / rate
        kept = KEPT_SECONDS
        return max(0.0, first / rate - kept), min(passed / rate, last / rate + kept)

    def _close_stream(self) -> None:
        self._stream.close()

    def blocks(self) -> Iterator[FloatArray]:
        """Mono float32 (n,) at ``info.sample_rate``; once.

        Raises
        ------
        SilentAudioError
            At the end, where all of it was silent, or a change made it so.
        AudioError
            It is the second time.
        """
        refuse(self._begun, f"{self.name}: blocks can be gone through once", AudioError)
        self._begun = True
        for block in self._stream.blocks():
            self._meter.push(block)
            yield self._given(self._changed(block))
        for place, changer in enumerate(self._changers):
            rest = self._changed(changer.finish(), place + 1)
            if rest.size:
                yield self._given(rest)
        self._ended = True
        self.check_audible()

    def _given(self, block: FloatArray) -> FloatArray:
        if self._changers and block.size:
            self._peak = max(self._peak, float(np.abs(block).max()))
        return block

    def _changed(self, block: FloatArray, first: int = 0) -> FloatArray:
        for changer in self._changers[first:]:
            if not block.size:
                break  # held back: what comes after has nothing to do
            block = changer.push(block)
        return block

    def resampled(self, sample_rate: int) -> Iterator[FloatArray]:
        """`blocks` at another rate in Hz."""
        return resample(self.blocks(), self.info.sample_rate, sample_rate)

    def total_samples(self) -> int:
        """Samples that `blocks` will give; asked for before `blocks` is begun.

        Counted by decoding once, unless the header is of a kind that is known to be right.
        """
        if self._total is None:
            refuse(self._begun, f"{self.name}: count before going through blocks", AudioError)
            trimmed = any(isinstance(change, Trim) for change in self._changes)
            self._total = None if trimmed else self._stream.exact_samples
        if self._total is None:
            heard = self._total = 0
            for block in self._stream.blocks():
                heard += block.size
                self._total += self._changed(block).size
            for place, changer in enumerate(self._changers):
                self._total += self._changed(changer.finish(), place + 1).size
            self._counted_seconds = heard / self.info.sample_rate
            self._open_again()
            self._changers = self._ready_changers()
        return self._total

    def chains(
        self, specs: Iterable[SpectrogramSpec], choice: WindowChoice = ALL_WINDOWS
    ) -> Chains:
        """What cuts this recording's blocks for all `specs`; counts samples where it must."""
        return Chains(
            self.info.sample_rate,
            specs,
            choice,
            total_samples=self.total_samples() if choice.needs_length else None,
            start=self.start,
            source=self.name,
        )

    @property
    def seconds(self) -> float:
        """Length of what has been heard so far."""
        return self._meter.seconds

    @property
    def whole_seconds(self) -> float:
        """Length of all that was asked for; by the header where nobody went to its end."""
        if self._counted_seconds is not None:
            return self._counted_seconds
        if self._ended or self.info.seconds is None:
            return self.seconds
        there = self.info.seconds - self.start
        asked = there if self._duration is None else min(there, self._duration)
        return max(self.seconds, asked)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is worth knowing of what has been heard so far, before any change to it."""
        changed = (change.notice() for change in self._changes)
        return (*changed, *self._all_found(), *self._meter.notices())

    def check_audible(self) -> None:
        """Raise `SilentAudioError` where everything heard so far is silent, or was made so."""
        self._meter.check_audible(self.name)
        done = "; ".join(change.notice().message for change in self._changes)
        made_silent = bool(done) and self._peak < SILENT_PEAK  # what a filter leaks is no sound
        refuse(made_silent, f"{self.name}: {done}: nothing is left to hear", SilentAudioError)

    def close(self) -> None:
        """Close what was opened; twice does no harm."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def listen(
    source: AudioSource,
    *,
    start: float = 0.0,
    duration: float | None = None,
    window_seconds: float = 10.0,
    changes: Sequence[Change] = (),
) -> Recording:
    """Open a recording to go through it once, with an ear for its quality.

    Parameters
    ----------
    source : str, path or binary file object
        A file object need not be able to seek, and is left open.
    start : float
        Seconds from the beginning to skip.
    duration : float, optional
        Seconds to read at most.
    window_seconds : float
        Sounds shorter than this get the notice ``short``.
    changes : sequence of Change
        Made to the sound in order, before anything looks at it; see `genrescope.audio.changes`.

    Returns
    -------
    Recording
        Use it in a ``with`` statement.

    Raises
    ------
    DecodeError, EmptyAudioError, AudioError
        As for `genrescope.audio.open_audio`.
    """
    return Recording(
        source, start=start, duration=duration, window_seconds=window_seconds, changes=changes
    )
