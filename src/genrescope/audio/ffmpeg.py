"""Decoding with FFmpeg's libraries (PyAV): m4a, aac, wma, webm, the sound of films."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, Literal, cast

import numpy as np

from genrescope.audio.ahead import OneAhead
from genrescope.audio.info import CHUNK_FRAMES, SoundInfo
from genrescope.audio.joints import find_joint
from genrescope.types import DecodeError, FloatArray

if TYPE_CHECKING:
    from av import AudioFrame, AudioResampler
    from av.container import InputContainer

_PREROLL_SECONDS = 1.0  # decoded and thrown away after a seek: lossy codecs need a run-up
_INDEXED = ("mov", "matroska", "webm", "asf", "ogg", "flac", "wav")  # containers that seek exactly
_PAGED = "ogg"  # time stamps there count samples, so that a leap is a hole; elsewhere silence leaps
_LEAST_HOLE_SECONDS = 0.1
_MOST_FAULTS = 1000  # packets that cannot be decoded before the rest is given up


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Samples (n, channels), none at the end, and what was amiss between them and those before."""

    samples: FloatArray
    faults: list[str]


def _joined(frames: list[FloatArray], faults: list[str]) -> _Piece:
    return _Piece(np.ascontiguousarray(np.concatenate(frames, axis=1).T, np.float32), faults)


class _Nameless:
    """A file as FFmpeg is to see it: by its name it would judge by the extension as well."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def open_container(
    file: BinaryIO, metadata_errors: Literal["ignore", "replace"] = "ignore"
) -> InputContainer:
    """Open a sound or a film in FFmpeg by its content alone.

    No protocol is allowed to FFmpeg, so that a playlist made to look like music can neither open
    other files nor reach the network.

    Parameters
    ----------
    file : binary file, seekable
        From where it stands; left open.
    metadata_errors : {'ignore', 'replace'}
        What becomes of tags that are no text.

    Raises
    ------
    av.error.FFmpegError, OSError, ValueError
        FFmpeg does not know the format.
    """
    import av

    return av.open(
        cast("IO[bytes]", _Nameless(file)),
        "r",
        options={"protocol_whitelist": "none"},
        metadata_errors=metadata_errors,
    )


class FfmpegDecoder:
    """The sound track of one file open in FFmpeg. See `genrescope.audio.info.Decoder`.

    Parameters
    ----------
    file : binary file, seekable
        Left open.

    Raises
    ------
    av.error.FFmpegError, OSError
        FFmpeg does not know the format.
    DecodeError
        It does, and there is no sound track, or one without a rate or a channel.
    """

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        self._file = file
        self._pieces: Iterator[_Piece] = iter(())
        self._ahead = OneAhead(self._read, lambda piece: not piece.samples.shape[0])
        self._noted: list[str] = []
        self._open()
        try:
            self._describe(size)
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        import av

        self._file.seek(0)
        self._container = open_container(self._file)
        stream = self._container.streams.best("audio")
        if not isinstance(stream, av.AudioStream):
            kinds = ", ".join(sorted({s.type for s in self._container.streams})) or "nothing"
            self._container.close()
            raise DecodeError(
                f"no sound track that decodes ({self._container.format.name}: {kinds})"
            )
        self._stream = stream
        self._origin = float((stream.start_time or 0) * (stream.time_base or 0))
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] = ("", "", 0)

    def _describe(self, size: int) -> None:
        stream = self._stream
        self.faults: list[str] = []
        self.behind = 0
        own, whole = stream.duration, self._container.duration
        seconds = None
        if own is not None and stream.time_base is not None:
            seconds = float(own * stream.time_base)
        elif whole is not None:
            seconds = whole / 1_000_000
        # The rate in the header is half of the true one for AAC with implicit SBR.
        first = self._first_frame()
        codec = stream.codec_context.name
        self.info = SoundInfo(
            container=self._container.format.name,
            codec=codec,
            sample_rate=first.sample_rate if first else stream.codec_context.sample_rate,
            channels=len(first.layout.channels) if first else stream.codec_context.channels,
            seconds=seconds,
            bit_rate=round(8 * size / seconds) if seconds else None,
            decoder="FFmpeg",
        )
        if self.info.sample_rate <= 0 or self.info.channels <= 0:
            raise DecodeError(f"{codec} without a sample rate or a channel")
        videos = any(s.type == "video" for s in self._container.streams)
        guessed = self._container.format.name in ("aac", "mp3", "ac3", "eac3", "loas")
        self.length_trusted = (own is not None or not videos) and not guessed
        self.length_exact = False
        self.unbounded = codec.startswith("pcm_f")

    def _first_frame(self) -> AudioFrame | None:
        """Decode one frame and rewind; a first packet that fails is no sound, so that raises."""
        for packet in self._container.demux(self._stream):
            for frame in self._stream.decode(packet):
                return frame
        return None

    def chunks(self, start: float) -> Iterator[FloatArray]:
        """Float32 (n, channels) from `start` seconds to the end, as time stamps say.

        That is to the sample in most formats, within 15 ms in Matroska and Opus, 0.1 s in WMA.
        """
        self._ahead.settle()
        self._pieces = self._gather(start)
        while True:
            piece = self._ahead.take()
            self.faults.extend(piece.faults)
            if not piece.samples.shape[0]:
                return
            yield piece.samples

    def _read(self) -> _Piece:
        piece = next(self._pieces, None)
        nothing = np.zeros((0, self.info.channels), dtype=np.float32)
        return piece or _Piece(nothing, self._take_noted())

    def _take_noted(self) -> list[str]:
        noted, self._noted = self._noted, []
        return noted

    def _gather(self, start: float) -> Iterator[_Piece]:
        """Frames joined to pieces worth handing over; one ends where something is amiss."""
        held, samples, faults = list[FloatArray](), 0, list[str]()
        try:
            for chunk in self._chunks(start):
                if held and (self._noted or samples >= CHUNK_FRAMES):
                    yield _joined(held, faults)
                    held, samples, faults = [], 0, []
                faults += self._take_noted()
                held.append(chunk)
                samples += chunk.shape[1]
        except Exception:
            if held:
                yield _joined(held, faults)
            raise
        if held:
            yield _joined(held, faults)

    def _chunks(self, start: float) -> Iterator[FloatArray]:
        """Frames (channels, n); what is amiss is noted before the one that comes after it."""
        rate = self.info.sample_rate
        begin = round(start * rate)
        position: int | None = None if self._seek(start) else 0
        paged, reached = self._container.format.name == _PAGED, None
        for frame in self._frames():
            stamp = frame.time
            if position is None:
                position = begin if stamp is None else round((stamp - self._origin) * rate)
            if paged and stamp is not None:
                if reached is not None and stamp - reached > _LEAST_HOLE_SECONDS:
                    at = position / rate
                    self._noted.append(f"{stamp - reached:.1f} s are missing after {at:.1f} s")
                reached = stamp + frame.samples / frame.sample_rate
            chunk = self._to_float(frame)
            skip = max(0, begin - position)
            position += chunk.shape[1]
            if skip < chunk.shape[1]:
                yield chunk[:, skip:]

    def _seek(self, start: float) -> bool:
        """Go near `start`; whether the next frame's time stamp says how near."""
        import av

        if self._container.format.name == _PAGED and find_joint(self._file):
            return self._begin_again()  # once it has looked for a place, FFmpeg ends at the joint
        names = self._container.format.name.split(",")
        ahead = start - _PREROLL_SECONDS
        exact = ahead > 0 and any(name in _INDEXED for name in names)
        target = self._origin + ahead if exact else min(0.0, self._origin)
        base = self._stream.time_base
        offset = int(target / base) if base else 0
        self._resampler = None
        try:
            self._container.seek(offset, stream=self._stream, backward=True)
        except av.error.FFmpegError:  # no index, or a damaged one
            return self._begin_again()
        return exact

    def _begin_again(self) -> bool:
        """Read from the file's beginning; what lies before the place that is wanted is skipped."""
        self._container.close()
        self._open()
        return False

    def _frames(self) -> Iterator[AudioFrame]:
        import av

        packets = self._container.demux(self._stream)
        began, failed = False, 0
        while True:
            reading = True
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                reading = False
                frames = self._stream.decode(packet)
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError) as error:  # the latter of the file itself
                if not began:
                    raise
                why = (error.strerror or str(error)) if reading else "a packet cannot be decoded"
                self._noted.append(why)
                failed += 1
                if (reading and isinstance(error, OSError)) or failed > _MOST_FAULTS:
                    return
                continue
            for frame in frames:
                began = True
                yield frame

    def _to_float(self, frame: AudioFrame) -> FloatArray:
        """Samples of any format as float32 (channels, n), at the rate and width of `info`."""
        import av

        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or shape != self._shape:
            same = len(frame.layout.channels) == self.info.channels
            layout = frame.layout if same else {1: "mono", 2: "stereo"}.get(self.info.channels)
            self._resampler = av.AudioResampler("fltp", layout, self.info.sample_rate)
            self._shape = shape
        parts = [part.to_ndarray() for part in self._resampler.resample(frame)]
        none = np.zeros((self.info.channels, 0), dtype=np.float32)
        return np.concatenate([none, *parts], axis=1, dtype=np.float32)

    def close(self) -> None:
        """Let go of FFmpeg's handles; the file object stays open."""
        self._ahead.close()
        self._container.close()
