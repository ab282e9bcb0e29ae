"""Decoding with libsndfile: wav, flac, mp3, Ogg Vorbis, aiff and a dozen older formats."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from genrescope.audio.ahead import OneAhead
from genrescope.audio.info import CHUNK_FRAMES, SoundInfo
from genrescope.audio.joints import find_joint
from genrescope.types import DecodeError, FloatArray

if TYPE_CHECKING:
    from soundfile import SoundFile

T = TypeVar("T")

_SHORTENED = re.compile(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
_STREAMED_BYTES = 0x7FFF0000  # writers to a pipe put 2 or 4 GiB where they don't know the size
_STATES_LENGTH = (b"Xing", b"Info", b"VBRI")
_FIRST_FRAME_BYTES = 2**12  # of which the mark stands in the first two hundred
_ID3, _ID3_FOOTER = (21, 14, 7, 0), 0x10  # ID3v2.4, 3.1: a size of seven bits a byte, and a flag


class _Watched:
    """A file as libsndfile is to see it: what its callbacks cannot raise is kept until `check`.

    Parameters
    ----------
    file : binary file
    end : int, optional
        It ends here for libsndfile; where the file does, by default.
    """

    def __init__(self, file: BinaryIO, end: int | None = None) -> None:
        self._file = file
        self._end = end
        self._kept: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return self._keeping(lambda: self._file.read(self._within(size)), b"")

    def readinto(self, buffer: object) -> int:
        """As the file has it: no copy for every few hundred bytes; soundfile reads where it lacks.

        Raises
        ------
        AttributeError
        """
        into: Callable[[object], int] = self._file.readinto  # type: ignore[attr-defined]
        if self._end is None:
            return self._keeping(lambda: into(buffer), 0)
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        return self._keeping(lambda: into(view[: self._within(len(view))]), 0)

    def _within(self, size: int) -> int:
        if self._end is None:
            return size
        left = max(0, self._end - self._file.tell())
        return left if size < 0 else min(size, left)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END and self._end is not None:
            offset, whence = self._end + offset, os.SEEK_SET
        return self._keeping(lambda: self._file.seek(offset, whence), 0)

    def tell(self) -> int:
        return self._keeping(self._file.tell, 0)

    def _keeping(self, act: Callable[[], T], instead: T) -> T:
        try:
            return act()
        except BaseException as error:  # noqa: BLE001 - `check` raises it
            self._kept = error
            return instead

    def check(self) -> None:
        """Raise what was kept, as Ctrl-C in the middle of reading."""
        kept, self._kept = self._kept, None
        if kept is not None:
            raise kept


class _Own:
    """A file that libsndfile reads by itself, by a descriptor that nobody else moves."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def check(self) -> None:
        """Nothing: what goes wrong is raised by libsndfile itself."""


class SoundfileDecoder:
    """One file open in libsndfile. See `genrescope.audio.info.Decoder`.

    The file is handed over as an object and not by name, so that its extension, right or wrong,
    has no say, and no name can be misread.

    Parameters
    ----------
    file : binary file, seekable
        Left open.

    Raises
    ------
    soundfile.LibsndfileError
        libsndfile does not know the format.
    DecodeError
        An MP3 that does not state its length: libsndfile would guess one from the first frames,
        and stop there. Opus: of files that FFmpeg wrote libsndfile 1.2.2 reads the first seconds
        and takes the rest for malformed.
    """

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        states_length = _states_length(file)
        self._source = file
        self._watched, self._file = _open(file)
        if self._file.format == "MP3" and not states_length:
            self._file.close()
            raise DecodeError("an MP3 that does not state its length")
        if self._file.subtype == "OPUS":
            self._file.close()
            raise DecodeError("Opus, which libsndfile does not always read to its end")
        rate, frames = int(self._file.samplerate), int(self._file.frames)
        container, codec = self._file.format.lower(), self._file.subtype.lower()
        declared = _declared_frames(frames, self._file.extra_info)
        seconds = declared / rate if 0 <= declared < 2**62 else None
        self.info = SoundInfo(
            container=container,
            codec=codec,
            sample_rate=rate,
            channels=int(self._file.channels),
            seconds=seconds,
            bit_rate=round(8 * size * rate / frames) if 0 < frames < 2**62 else None,
            decoder="soundfile",
        )
        self.length_trusted = True
        self.length_exact = codec.startswith("pcm") and container in ("wav", "wavex", "aiff")
        self.length_exact &= declared == frames
        self.unbounded = codec in ("float", "double")
        self._size, self._joint, self.behind = size, 0, 0
        self._ahead = OneAhead(self._read, lambda chunk: not chunk.shape[0])
        self.faults: list[str] = []
        if "lacks an end-of-stream bit" in self._file.extra_info:
            self.faults.append("the last page of the Ogg stream is missing")

    def chunks(self, start: float) -> Iterator[FloatArray]:
        """Float32 (n, channels) from `start` seconds to the end."""
        import soundfile

        self._ahead.settle()
        begin = round(start * self.info.sample_rate)
        if begin:
            self._keep_to_first()
        if begin >= self._file.frames:
            self._pass_by()
            return
        self._file.seek(begin)
        began = False
        while True:
            try:
                chunk = self._ahead.take()
            except OSError as error:
                self.faults.append(error.strerror or str(error))
                return
            except soundfile.LibsndfileError as error:
                if not began:
                    raise
                self.faults.append(str(error))
                return
            if not chunk.shape[0]:
                self.behind = self._size - (self._joint or self._watched.tell())
                return
            began = True
            yield np.asarray(chunk, dtype=np.float32)

    def _keep_to_first(self) -> None:
        """Hide a second stream, in which a place that is looked for may be found by mistake."""
        self._joint = self._joint or find_joint(self._source)
        if self._joint:
            self._file.close()
            self._watched, self._file = _open(self._source, self._joint)

    def _pass_by(self) -> None:
        """Read the very end, to know what lies behind it."""
        import soundfile

        behind = self._size - self._joint
        if not self._joint:
            try:
                self._file.seek(max(0, self._file.frames - 1))
                while self._read().shape[0]:
                    pass
            except (OSError, soundfile.LibsndfileError):
                return
            behind = self._size - self._watched.tell()
        self.behind = behind

    def _read(self) -> FloatArray:
        try:
            chunk: FloatArray = self._file.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
            return chunk
        finally:
            self._watched.check()

    def close(self) -> None:
        """Let go of the libsndfile handle; the file object stays open."""
        self._ahead.close()
        self._file.close()


def _open(file: BinaryIO, end: int | None = None) -> tuple[_Watched | _Own, SoundFile]:
    """A file as libsndfile sees it, up to `end`, and open in libsndfile."""
    import soundfile

    descriptor = _opened_again(file) if end is None else None
    if descriptor is not None:
        return _Own(descriptor), soundfile.SoundFile(descriptor, closefd=True)
    file.seek(0)
    watched = _Watched(file, end)
    try:
        return watched, soundfile.SoundFile(watched)
    finally:
        watched.check()


def _opened_again(file: BinaryIO) -> int | None:
    """The same file under a descriptor with a place of its own; None where that cannot be had.

    Reading through Python costs a seventh of the time of an MP3, and the interpreter's lock every
    few hundred bytes, for which whatever computes beside must stop.
    """
    if sys.platform != "linux":
        return None
    try:
        known = file.fileno()
        regular = stat.S_ISREG(os.fstat(known).st_mode)
        return os.open(f"/proc/self/fd/{known}", os.O_RDONLY | os.O_CLOEXEC) if regular else None
    except (OSError, AttributeError):
        return None


def _states_length(file: BinaryIO) -> bool:
    """Whether the first frame of an MP3 counts the others; its tags may hold any words."""
    place = 0
    file.seek(0)
    while (head := file.read(10))[:3] == b"ID3" and len(head) == 10:
        place += 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:], _ID3, strict=True))
        place += 10 * bool(head[5] & _ID3_FOOTER)
        file.seek(place)
    file.seek(place)
    first = file.read(_FIRST_FRAME_BYTES)
    return any(mark in first for mark in _STATES_LENGTH)


def _declared_frames(frames: int, log: str) -> int:
    """Frames that the header promises, where libsndfile noted that the file ends earlier."""
    found = _SHORTENED.search(log)
    if not found:
        return frames
    promised, held = int(found[1]), int(found[2])
    if promised >= _STREAMED_BYTES or not 0 < held < promised:
        return frames
    return frames * promised // held
