"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from genrescope.apps.api.context import PREFIX
from genrescope.apps.serving.problems import Problem, problem_named, problem_of
from genrescope.types import BusyError, GenrescopeError, ServingError, StoppedError

MEDIA_TYPE = "application/problem+json"
NOBODY_WAITS = 499
"""What the log says of answers that nobody waited for."""


class ProblemResponse(JSONResponse):
    """A JSON answer that says it is a problem."""

    media_type = MEDIA_TYPE


def answer_problem(
    kind: Problem,
    detail: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> ProblemResponse:
    """A problem document.

    Parameters
    ----------
    kind : Problem
    detail : str
        What this one is about.
    status : int, optional
        Where it is another than the kind's.
    headers : mapping, optional
    **more
        Further members.
    """
    code = kind.status if status is None else status
    body = {"type": f"{PREFIX}/problems/{kind.name}", "title": kind.title, "status": code}
    return ProblemResponse({**body, "detail": detail, **more}, code, headers)


def refusal(name: str, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """A problem document of one of `genrescope.apps.serving.problems.REFUSALS`."""
    kind = problem_named(name)
    assert kind is not None
    return answer_problem(kind, detail, headers=headers)


def problem_from(error: GenrescopeError) -> ProblemResponse:
    """The answer to an error, in the words that the command line would use."""
    kind = problem_of(error)
    headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, BusyError) else None
    status = NOBODY_WAITS if isinstance(error, StoppedError) else kind.status
    return answer_problem(kind, str(error), status=status, headers=headers)


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
    asked = f"{request.method} {request.url.path!r}"
    name = status.phrase.lower().replace(" ", "-")
    kind = problem_named(name) or Problem(name, status, status.phrase, ServingError)
    detail = f"{asked}: {PREFIX}/openapi.json lists what there is"
    if error.detail != status.phrase:  # else nobody said what is wrong
        detail = str(error.detail)
    return answer_problem(kind, detail, status=status, headers=error.headers)


async def _answer_invalid(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    wrong = [{"in": " ".join(map(str, e["loc"])), "says": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{one['in']}: {one['says']}" for one in wrong)
    kind = problem_named("parameters")
    assert kind is not None
    return answer_problem(kind, detail, errors=wrong)
