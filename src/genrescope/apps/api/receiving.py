"""Uploads as they stream in: a form's files, or the body itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from genrescope.apps.api.context import Context
from genrescope.apps.serving.uploads import Upload
from genrescope.types import BusyError, ServingError, StalledError, StoppedError, TooLargeError

FIELD_BYTES = 2**16
"""Form fields beside the files may hold so many bytes, and are not looked at."""
HEADER_BYTES = 2**15
OVERHEAD_BYTES = 2**20
"""A form is so much longer than its files at most."""


async def receive_one(request: Request, here: Context, stack: ExitStack) -> Upload:
    """The one sound of a request; `stack` closes it.

    Raises
    ------
    TooLargeError
        As soon as more bytes have come than may, or where the header announces more.
    StalledError
        If nothing came for too long.
    ServingError
        If it is a form without a file, with several, or not in order.
    """
    files = await receive_files(request, here, stack, most=1)
    return files[0]


async def receive_files(
    request: Request, here: Context, stack: ExitStack, *, most: int
) -> list[Upload]:
    """All sounds of a request, `most` of them at most; as `receive_one`."""
    limit = here.settings.limit_bytes if most == 1 else here.settings.job_limit_bytes
    _check_announced(request, limit)
    kind, options = parse_options_header(request.headers.get("content-type"))
    files = _Files(here, stack, most, limit)
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary", b"")
        await _read_form(_chunks(request, here, limit), files, boundary)
    else:
        upload = files.begin(request.query_params.get("name"))
        async for chunk in _chunks(request, here, limit):
            files.write(upload, chunk)
    if not files.all:
        raise ServingError("the form holds no file: send one, as in curl -F file=@song.mp3")
    return files.all


def _check_announced(request: Request, limit: int) -> None:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit + OVERHEAD_BYTES:
        raise TooLargeError(
            f"{int(announced) / 1e6:.1f} MB are announced, and the limit is {limit / 1e6:g} MB"
        )


class _Files:
    """The files of one request, opened as they come."""

    def __init__(self, here: Context, stack: ExitStack, most: int, limit: int) -> None:
        self._here, self._stack, self._most = here, stack, most
        self._left = self._whole = limit
        self.all: list[Upload] = []

    def begin(self, name: str | None) -> Upload:
        if len(self.all) >= self._most:
            wanted = "one file at a time; for several there is POST /api/v1/jobs"
            wanted = wanted if self._most == 1 else f"{self._most} files at most"
            raise TooLargeError(f"more files came than may: {wanted}")
        self._left -= sum(upload.size_bytes for upload in self.all[-1:])
        limit = self._left if self._most > 1 else None
        upload = self._here.studio.uploads.open(name, limit_bytes=limit)
        self.all.append(self._stack.enter_context(upload))
        return upload

    def write(self, upload: Upload, chunk: bytes) -> None:
        """Give an upload more bytes."""
        try:
            upload.write(chunk)
        except TooLargeError as error:
            if self._most == 1 or self._left >= self._here.settings.limit_bytes:
                raise
            whole = f"the files of one job may hold {self._whole / 1e6:g} MB together"
            raise TooLargeError(f"{upload.label}: {whole}; send it in another job") from error
        except OSError as error:
            why = f"the server cannot keep it ({error.strerror}): try later"
            raise BusyError(why, 60) from error


async def _read_form(chunks: AsyncIterator[bytes], files: _Files, boundary: bytes) -> None:
    form = _Form(files)
    try:
        parser = MultipartParser(boundary, form.callbacks(), max_header_size=HEADER_BYTES)
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise ServingError(f"the form is not in order: {error}") from error
    if not form.ended:
        raise ServingError("the form stops before its end")


class _Form:
    """Hears of a form's parts, and sends those that are files where they belong."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self._upload: Upload | None = None
        self._ignored = 0
        self._key = self._value = b""
        self._disposition = b""
        self.ended = False

    def callbacks(self) -> Any:
        """The table that the parser wants."""
        names: dict[str, Callable[..., None]] = {
            "on_part_begin": self._part,
            "on_header_field": self._header_key,
            "on_header_value": self._header_value,
            "on_header_end": self._header,
            "on_headers_finished": self._begin,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        return names

    def _part(self) -> None:
        self._upload, self._disposition = None, b""

    def _header_key(self, data: bytes, start: int, end: int) -> None:
        self._key += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        if self._key.lower() == b"content-disposition":
            self._disposition = self._value
        self._key = self._value = b""

    def _begin(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        if b"filename" in options:
            name = options[b"filename"].decode("utf-8", "replace")
            self._upload = self._files.begin(name)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._upload is not None:
            self._files.write(self._upload, data[start:end])
            return
        self._ignored += end - start
        if self._ignored > FIELD_BYTES:
            raise ServingError("a form field that is no file holds more than 64 kB")

    def _end(self) -> None:
        self.ended = True


async def _chunks(request: Request, here: Context, most: int) -> AsyncIterator[bytes]:
    stream = request.stream()
    limit, came = here.settings.idle_seconds, 0
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), limit)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise StalledError(f"nothing came for {limit:g} s") from error
        except ClientDisconnect as error:
            raise StoppedError("the client went away while it was sending") from error
        here.metrics.received.inc(len(chunk))
        came += len(chunk)
        if came > most + OVERHEAD_BYTES:  # around the files, where nothing else counts
            raise TooLargeError(f"the limit is {most / 1e6:g} MB, and more came")
        yield chunk
