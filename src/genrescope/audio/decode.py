"""From bytes to blocks of mono samples: `open_audio` and the `AudioStream` that it opens.

libsndfile is tried first and FFmpeg second; the name's extension has no say. Decoding streams:
memory does not grow with the length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO, Self

from genrescope.audio.info import Decoder, SoundInfo
from genrescope.audio.levels import Levels, loudness_scale
from genrescope.audio.reading_on import LEAST_BYTES, read_joined, read_on
from genrescope.audio.source import AudioSource, FileSource, open_source, source_name
from genrescope.audio.stream import Stream, StreamSource
from genrescope.types import AudioError, DecodeError, EmptyAudioError, FloatArray, Notice

RATES_HZ = (1000, 1_536_000)
"""Sample rates outside this range come from damaged or hostile headers."""

LATEST_SECONDS = 1e9
"""No recording is thirty years long, and decoders count in whole numbers of 64 bits."""


class AudioStream:
    """One open sound file as mono; made by `open_audio`. A context manager.

    Attributes
    ----------
    name : str
        What the sound was read from, for people.
    info : SoundInfo
    start : float
        Where the first block begins, in seconds.
    """

    def __init__(
        self,
        source: FileSource,
        *,
        start: float = 0.0,
        duration: float | None = None,
        name: str = "",
    ) -> None:
        _check_span(start, duration)
        self.name = name or source_name(source)
        self.start = start
        self._limit = duration
        self._samples = 0
        self._notices: list[Notice] = []
        with ExitStack() as stack:
            file, owned = open_source(source, self.name)
            if owned:
                stack.callback(file.close)
            self._file = file
            self._decoder, self._first, self._rest = _choose(file, self.name, start, self._notices)
            stack.callback(self._decoder.close)
            self.info: SoundInfo = self._decoder.info
            self._levels = Levels(1.0)
            if self._decoder.unbounded:
                self._levels = Levels(loudness_scale(self._decoder.chunks(0.0)))
                self._rest = self._decoder.chunks(start)
                self._first = next(self._rest)
            self._stack = stack.pop_all()

    @property
    def exact_samples(self) -> int | None:
        """Samples that `blocks` will give, where the header is known to be right; else None."""
        if not self._decoder.length_exact or self.info.seconds is None:
            return None
        rate = self.info.sample_rate
        there = round(self.info.seconds * rate) - round(self.start * rate)
        return there if self._limit is None else min(there, self._limit_samples())

    @property
    def seconds(self) -> float:
        """Length of what has been given out so far."""
        return self._samples / self.info.sample_rate

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What went wrong with samples given out so far; complete once `blocks` has ended."""
        return (*self._notices, *self._levels.notices())

    def blocks(self) -> Iterator[FloatArray]:
        """Mono float32 (n,), n ≥ 1, the mean of all channels, at ``info.sample_rate``.

        Can be gone through once. Values lie in [-1, 1] but for lossy codecs and floating point
        files, which may overshoot; they are not clipped below ±`genrescope.audio.levels.CEILING`.
        """
        left = self._limit_samples()
        chunks = self._chunks()
        while left > 0 and (chunk := next(chunks, None)) is not None:
            block = self._levels.mono(chunk[:left])
            left -= block.size
            self._samples += block.size
            yield block
        if left > 0 or self._faults:
            self._note_truncation(ended=left > 0)

    def _chunks(self) -> Iterator[FloatArray]:
        """What the decoder gives, and what FFmpeg finds behind that: damage, or a joint."""
        if self._first is not None:
            yield self._first
        yield from self._rest
        end = self.start + self.seconds
        if self._cut_off():
            yield from read_on(self._file, self.info, end, self._faults)
        else:
            yield from read_joined(self._file, self._decoder, end, self._notices)

    @property
    def _faults(self) -> list[str]:
        return self._decoder.faults

    def _cut_off(self) -> bool:
        """Whether the sound ended well before the end that its header promised."""
        whole = self.info.seconds if self._decoder.length_trusted else None
        return whole is not None and whole - self.start - self.seconds > 0.5 + 0.002 * whole

    def _limit_samples(self) -> int:
        if self._limit is None:
            return 2**62
        return max(1, round(min(self._limit, LATEST_SECONDS) * self.info.sample_rate))

    def _note_truncation(self, *, ended: bool) -> None:
        """`ended`: the sound did, and not only what was asked for of it."""
        end, faults, cut_off = self.start + self.seconds, self._faults, ended and self._cut_off()
        if not (cut_off or faults):
            return
        message = f"parts are damaged or missing: read up to {end:.1f} s"
        if cut_off:
            whole = self.info.seconds
            message = f"{end:.1f} s of sound where the file promises {whole:.1f} s"
        if faults:
            message += f" ({faults[0].strip().rstrip('.')})"
        self._notices.append(Notice("truncated", message, round(end, 3)))

    def close(self) -> None:
        """Close native handles, and the file where it was opened here; twice does no harm."""
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


def open_audio(
    source: FileSource, *, start: float = 0.0, duration: float | None = None
) -> AudioStream:
    """Open a sound file for streaming.

    Parameters
    ----------
    source : str, path or binary file object
        Any extension or none. A file object need not be able to seek; it is left open.
    start : float
        Seconds from the beginning to skip.
    duration : float, optional
        Seconds to read at most.

    Returns
    -------
    AudioStream
        Use it in a ``with`` statement.

    Raises
    ------
    DecodeError
        Missing, unreadable, or no sound; the message holds every decoder's reason.
    EmptyAudioError
        No sample at all, or none from `start` on.
    AudioError
        `start` or `duration` make no sense.
    """
    return AudioStream(source, start=start, duration=duration)


def _check_span(start: float, duration: float | None) -> None:
    if not 0 <= start <= LATEST_SECONDS:
        raise AudioError(
            f"start must be 0 s or later, and before {LATEST_SECONDS:g}, not {start:g}"
        )
    if duration is not None and not (math.isfinite(duration) and duration > 0):
        raise AudioError(f"duration must be more than 0 s, not {duration:g}")


def _choose(
    file: BinaryIO, name: str, start: float, notices: list[Notice]
) -> tuple[Decoder, FloatArray, Iterator[FloatArray]]:
    """Find the first decoder that gives samples: it, its first chunk, and the rest.

    Where the sound ends before `start`, what is joined to it may not.
    """
    import av
    import soundfile

    from genrescope.audio.ffmpeg import FfmpegDecoder
    from genrescope.audio.sndfile import SoundfileDecoder

    attempts: tuple[tuple[str, type[SoundfileDecoder] | type[FfmpegDecoder]], ...] = (
        ("soundfile", SoundfileDecoder),
        ("FFmpeg", FfmpegDecoder),
    )
    expected = (soundfile.LibsndfileError, av.error.FFmpegError, DecodeError, OSError, ValueError)
    reasons: list[str] = []
    for label, kind in attempts:
        decoder: Decoder | None = None
        try:
            file.seek(0)
            decoder = kind(file)
            _check_rate(decoder.info)
            rest = decoder.chunks(start)
            first = next(rest, None)
            if first is None and start > 0:
                rest = read_joined(file, decoder, start, notices)
                first = next(rest, None)
            if first is None and start == 0 and decoder.info.seconds:
                raise DecodeError(f"promises {decoder.info.seconds:.1f} s and gives no sample")
            if first is None:
                raise _nothing(decoder, name, start)
        except expected as error:
            reasons.append(f"{label}: {_reason(error)}")
            if decoder is not None:
                decoder.close()
        except BaseException:
            if decoder is not None:
                decoder.close()
            raise
        else:
            return decoder, first, rest
    raise DecodeError(
        f"{name}: not a sound file that can be read ({'; '.join(reasons)}). "
        "If it plays elsewhere, convert it: ffmpeg -i IN OUT.wav"
    )


def _check_rate(info: SoundInfo) -> None:
    if not RATES_HZ[0] <= info.sample_rate <= RATES_HZ[1]:
        raise DecodeError(f"a sample rate of {info.sample_rate} Hz is no sound's")


def _nothing(decoder: Decoder, name: str, start: float) -> EmptyAudioError:
    seconds = decoder.info.seconds if decoder.behind < LEAST_BYTES else None
    if start > 0 and seconds:
        whole = f"the file is {seconds:.2f} s long"
        if start < seconds:
            whole = f"it promises {seconds:.2f} s, but ends before, or is damaged there"
        return EmptyAudioError(f"{name}: nothing from {start:g} s on: {whole}")
    where = f" from {start:g} s on" if start > 0 else ""
    return EmptyAudioError(f"{name}: the file holds no sample{where}")


def _reason(error: Exception) -> str:
    """The library's reason without the file object's repr or the error's number."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".") or type(error).__name__


def open_stream(
    source: AudioSource, *, start: float = 0.0, duration: float | None = None
) -> Stream:
    """Open a sound for streaming wherever it is decoded; see `open_audio`. Close it in the end."""
    if isinstance(source, StreamSource):
        return source.open_stream(start, duration)
    return open_audio(source, start=start, duration=duration)
