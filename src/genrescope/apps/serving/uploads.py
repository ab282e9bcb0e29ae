"""What clients send: files without a name on disk, counted while they come in."""

from __future__ import annotations

import tempfile
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from genrescope.audio.source import shown
from genrescope.types import BusyError, TooLargeError

LABEL_LENGTH = 120
UNNAMED = "upload"


def label(name: str | None) -> str:
    r"""A client's file name as something to show, and nothing else: it never becomes a path.

    The last part of it, control and formatting characters as escapes, cut in the middle where
    it is long.

    Examples
    --------
    >>> label("../../etc/passwd"), label("C:\\Music\\song.mp3"), label("two" + chr(10) + "lines")
    ('passwd', 'song.mp3', 'two\\nlines')
    >>> label(""), len(label("x" * 4000))
    ('upload', 120)
    """
    plain = shown(_last_part(name)).strip()
    if len(plain) > LABEL_LENGTH:
        half = (LABEL_LENGTH - 1) // 2
        plain = f"{plain[: LABEL_LENGTH - 1 - half]}…{plain[-half:]}"
    return plain if plain.strip(".") else UNNAMED


def _last_part(name: str | None) -> str:
    return (name or "").replace("\\", "/").rstrip("/").rpartition("/")[2]


class Upload:
    """One file that a client sends; made by `Uploads.open`. A context manager.

    The file lies on disk and has no name there (on systems that know no such files it is
    readable by its owner alone and deleted on closing). Nobody else can open it, and the system
    takes it back when it is closed or the process ends, however that ends.

    Attributes
    ----------
    label : str
        The client's name for it, for showing.
    name : str
        The last part of that name as the client wrote it: for telling the client which file is
        meant. It may hold anything, and never becomes a path here.
    size_bytes : int
        What has been written so far.
    """

    def __init__(self, name: str | None, limit_bytes: int, owner: Uploads) -> None:
        self.label, self.name = label(name), _last_part(name)
        self.size_bytes = 0
        self._limit, self._owner = limit_bytes, owner
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="genrescope-")  # noqa: SIM115
        self._closed = False

    @property
    def file(self) -> IO[bytes]:
        """The bytes, as a binary file at its beginning; closed with the upload."""
        self._file.flush()
        self._file.seek(0)
        return self._file

    def write(self, chunk: bytes) -> None:
        """Take more bytes.

        Raises
        ------
        TooLargeError
            If they would exceed the limit; they are not kept then.
        """
        if self.size_bytes + len(chunk) > self._limit:
            raise TooLargeError(
                f"{self.label}: larger than {self._limit / 1e6:g} MB, which is the limit here; "
                "send a shorter excerpt, or one in mp3, ogg or flac"
            )
        self._file.write(chunk)
        self.size_bytes += len(chunk)

    def close(self) -> None:
        """Give the file back; twice does no harm."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):  # a full disk refuses what was still to be written
                self._file.close()
            self._owner._closed_one()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Uploads:
    """All uploads of one server: how large one may be, and how many there may be at once.

    Parameters
    ----------
    limit_bytes : int
        Of one upload.
    most : int
        Uploads that may be open at once.
    """

    def __init__(self, limit_bytes: int, most: int) -> None:
        self.limit_bytes, self._most = limit_bytes, most
        self._open = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Uploads that are open now."""
        return self._open

    def open(self, name: str | None, *, limit_bytes: int | None = None) -> Upload:
        """Begin to take a file.

        Parameters
        ----------
        name : str, optional
            What the client calls it.
        limit_bytes : int, optional
            A smaller limit for this one.

        Raises
        ------
        BusyError
            If too many are open.
        """
        with self._lock:
            if self._open >= self._most:
                raise BusyError(f"{self._most} files are being sent already: ask again in 5 s", 5)
            self._open += 1
        try:
            limit = self.limit_bytes if limit_bytes is None else min(limit_bytes, self.limit_bytes)
            return Upload(name, limit, self)
        except BaseException:
            self._closed_one()
            raise

    def _closed_one(self) -> None:
        with self._lock:
            self._open -= 1
