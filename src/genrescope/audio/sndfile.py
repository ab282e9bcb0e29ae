"""Decoding with libsndfile: wav, flac, mp3, Ogg Vorbis, aiff and a dozen older formats."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

import numpy as np

from genrescope.audio.info import CHUNK_FRAMES, SoundInfo
from genrescope.types import DecodeError, FloatArray

T = TypeVar("T")

_SHORTENED = re.compile(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
_STREAMED_BYTES = 0x7FFF0000  # writers to a pipe put 2 or 4 GiB where they don't know the size
_STATES_LENGTH = (b"Xing", b"Info", b"VBRI")


class _Watched:
    """A file as libsndfile is to see it: what its callbacks cannot raise is kept until `check`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._kept: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return self._keeping(lambda: self._file.read(size), b"")

    def readinto(self, buffer: object) -> int:
        """As the file has it: no copy for every few hundred bytes; soundfile reads where it lacks.

        Raises
        ------
        AttributeError
        """
        into: Callable[[object], int] = self._file.readinto  # type: ignore[attr-defined]
        return self._keeping(lambda: into(buffer), 0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
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
        import soundfile

        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(2**20)
        file.seek(0)
        self._watched = _Watched(file)
        try:
            self._file = soundfile.SoundFile(self._watched)
        finally:
            self._watched.check()
        if self._file.format == "MP3" and not any(tag in head for tag in _STATES_LENGTH):
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
        self._size, self.behind = size, 0
        self.faults: list[str] = []
        if "lacks an end-of-stream bit" in self._file.extra_info:
            self.faults.append("the last page of the Ogg stream is missing")

    def chunks(self, start: float) -> Iterator[FloatArray]:
        """Float32 (n, channels) from `start` seconds to the end."""
        import soundfile

        begin = round(start * self.info.sample_rate)
        if begin >= self._file.frames:
            return
        self._file.seek(begin)
        began = False
        while True:
            try:
                chunk = self._read()
            except OSError as error:
                self.faults.append(error.strerror or str(error))
                return
            except soundfile.LibsndfileError as error:
                if not began:
                    raise
                self.faults.append(str(error))
                return
            if not chunk.shape[0]:
                self.behind = self._size - self._watched.tell()
                return
            began = True
            yield np.asarray(chunk, dtype=np.float32)

    def _read(self) -> FloatArray:
        try:
            chunk: FloatArray = self._file.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
            return chunk
        finally:
            self._watched.check()

    def close(self) -> None:
        """Let go of the libsndfile handle; the file object stays open."""
        self._file.close()


def _declared_frames(frames: int, log: str) -> int:
    """Frames that the header promises, where libsndfile noted that the file ends earlier."""
    found = _SHORTENED.search(log)
    if not found:
        return frames
    promised, held = int(found[1]), int(found[2])
    if promised >= _STREAMED_BYTES or not 0 < held < promised:
        return frames
    return frames * promised // held
