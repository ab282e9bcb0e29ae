"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from genrescope.apps.api.context import PREFIX
from genrescope.apps.serving.problems import problem_of
from genrescope.types import BusyError, GenrescopeError, StoppedError

MEDIA_TYPE = "application/problem+json"
NOBODY_WAITS = 499
"""What the log says of answers that nobody waited for."""


class ProblemResponse(JSONResponse):
    """A JSON answer that says it is a problem."""

    media_type = MEDIA_TYPE


def problem(
    name: str,
    status: int,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> ProblemResponse:
    """A problem document.

    Parameters
    ----------
    name : str
        Its ``type`` is the address of its page under ``/api/v1/problems``.
    status : int
    title, detail : str
        What all of its kind share, and what this one is about.
    headers : mapping, optional
    **more
        Further members.
    """
    body = {"type": f"{PREFIX}/problems/{name}", "title": title, "status": status}
    return ProblemResponse({**body, "detail": detail, **more}, status, headers)


def problem_from(error: GenrescopeError) -> ProblemResponse:
    """The answer to an error, in the words that the command line would use."""
    kind = problem_of(error)
    headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, BusyError) else None
    status = NOBODY_WAITS if isinstance(error, StoppedError) else kind.status
    return problem(kind.name, status, kind.title, str(error), headers=headers)


def internal_problem() -> ProblemResponse:
    """The answer where the fault is ours."""
    detail = "An error inside Genrescope; its log says more."
    return problem("internal", 500, "The server failed", detail)


def add_handlers(app: FastAPI) -> None:
    """Have every error of an app answered with a problem document."""
    app.add_exception_handler(GenrescopeError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)


async def _answer_error(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, GenrescopeError)
    return problem_from(error)


async def _answer_http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} {request.url.path!r}: {status.description or status.phrase}"
    if status == HTTPStatus.NOT_FOUND:
        detail = f"no such address: {request.url.path!r}. {PREFIX}/openapi.json lists what there is"
    name = status.phrase.lower().replace(" ", "-")
    return problem(name, status, status.phrase, detail, headers=error.headers)


async def _answer_invalid(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    wrong = [{"in": _place(one["loc"]), "says": one["msg"]} for one in error.errors()]
    detail = "; ".join(f"{one['in']}: {one['says']}" for one in wrong)
    return problem("parameters", 422, "A parameter is wrong", detail, errors=wrong)


def _place(location: Sequence[Any]) -> str:
    return " ".join(str(part) for part in location)
