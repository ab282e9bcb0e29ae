"""``POST /classify`` and ``POST /compare``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from genrescope.apps.api.context import Context, Here
from genrescope.apps.api.receiving import receive_one
from genrescope.apps.api.routes._asking import (
    NAME,
    TIMELINE,
    TOP,
    WORK,
    Asked,
    problems,
    sound_body,
)
from genrescope.apps.api.schemas import ComparisonShape, PredictionShape
from genrescope.apps.api.waiting import wait_for
from genrescope.apps.results import to_plain
from genrescope.apps.serving.questions import Answer, Question
from genrescope.types import Comparison, GenrescopeError, refuse

router = APIRouter(tags=["recordings"])

Top = Annotated[int | None, TOP]
Timeline = Annotated[bool, TIMELINE]
Name = Annotated[str, NAME]


@router.post(
    "/classify",
    response_model=PredictionShape | ComparisonShape,
    responses=problems(*WORK),
    openapi_extra=sound_body(),
    summary="Say what genre a recording is",
)
async def classify(
    request: Request,
    here: Here,
    asked: Asked,
    top: Top = None,
    timeline: Timeline = False,
    name: Name = "",
) -> JSONResponse:
    """One recording, sent as a form's file or as the body itself.

    From one model comes its prediction, from several a comparison: the same data as
    `genrescope classify --json` writes.
    """
    return await _answer(request, here, asked, top, timeline)


@router.post(
    "/compare",
    response_model=ComparisonShape,
    responses=problems(*WORK),
    openapi_extra=sound_body(),
    summary="Put several models' views of a recording side by side",
)
async def compare(
    request: Request,
    here: Here,
    asked: Asked,
    top: Top = None,
    timeline: Timeline = False,
    name: Name = "",
) -> JSONResponse:
    """As `classify`, by all usable models unless some are named; by two at least."""
    question = replace(asked, models=asked.models or ("all",))
    names = await run_in_threadpool(here.studio.shelf.names, question.models)
    refuse(len(names) < 2, "a comparison needs two models", GenrescopeError)
    return await _answer(request, here, question, top, timeline)


async def _answer(
    request: Request, here: Context, question: Question, top: int | None, timeline: bool
) -> JSONResponse:
    here.studio.turns.check()
    await run_in_threadpool(here.studio.shelf.names, question.models)
    with ExitStack() as stack:
        upload = await receive_one(request, here, stack)
        watch = here.studio.watch()
        work = here.studio.ask(upload.file, question, label=upload.label, watch=watch)
        answer = await wait_for(request, work, watch)
    result = answer.result
    first = result.predictions[0] if isinstance(result, Comparison) else result
    here.metrics.heard.inc(first.seconds)
    plain = to_plain(result, per_window=timeline, top=top)
    return JSONResponse(plain, headers={"Server-Timing": _timing(answer)})


def _timing(answer: Answer) -> str:
    spent = {"queue": answer.waited_seconds, "work": answer.worked_seconds}
    parts = [f"{name};dur={seconds * 1000:.1f}" for name, seconds in spent.items()]
    networks = sum(answer.network_seconds.values())
    return ", ".join([*parts, f"networks;dur={networks * 1000:.1f}"])
