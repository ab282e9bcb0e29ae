"""What was found in the collection, as files to save."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response

from genrescope.apps.library.report import Content, make_report
from genrescope.apps.serving.library import Asked, Library
from genrescope.apps.web import texts
from genrescope.collection.export import write_csv, write_json_lines, write_m3u
from genrescope.collection.query import LONGEST
from genrescope.collection.table import Table
from genrescope.types import GenrescopeError

FORMS = ("csv", "jsonl", "m3u", "html")
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "m3u": "audio/x-mpegurl",
    "html": "text/html; charset=utf-8",
}
Words = Annotated[str, Query(max_length=LONGEST)]


def make_library_router(library: Library) -> APIRouter:
    """Routes over one library."""
    router = APIRouter(include_in_schema=False)
    drawing = threading.Lock()  # a report decodes songs: one at a time

    @router.get("/web/library/songs.{form}")
    def save(
        form: str,
        question: Words = "",
        sort: Words = "",
        ascending: bool = False,
        language: str = texts.DEFAULT,
    ) -> Response:
        """All songs found by a question, in one of `FORMS`."""
        if form not in FORMS or language not in texts.names():
            raise HTTPException(404)
        try:
            found = library.find(Asked(question, sort, ascending)).table
            if form == "html":
                content = Content(found, question.strip(), library.failures())
                body = _drawn(content, language, drawing)
            else:
                body = _written(form, found)
        except GenrescopeError as error:
            raise HTTPException(422, str(error)) from error
        headers = {"Content-Disposition": f'attachment; filename="genrescope-songs.{form}"'}
        return Response(body, media_type=KINDS[form], headers=headers)

    return router


def _drawn(content: Content, language: str, drawing: threading.Lock) -> bytes:
    if not drawing.acquire(blocking=False):
        raise HTTPException(503, "a report is being drawn: try again", {"Retry-After": "5"})
    try:
        return make_report(content, texts.load(language)).encode("utf-8", "replace")
    finally:
        drawing.release()


def _written(form: str, found: Table) -> bytes:
    if form == "m3u":
        out = io.BytesIO()
        write_m3u(found, out)
        return out.getvalue()
    write: Callable[[Table, io.TextIOBase], None] = write_csv if form == "csv" else write_json_lines
    text = io.StringIO(newline="")
    write(found, text)
    return text.getvalue().encode("utf-8", "surrogateescape")
