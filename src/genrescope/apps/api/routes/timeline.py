"""``POST /timeline``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from genrescope.apps.api.context import Here
from genrescope.apps.api.receiving import receive_one
from genrescope.apps.api.routes._asking import (
    DURATION,
    MODELS,
    NAME,
    START,
    WORK,
    Cleaning,
    problems,
    sound_body,
)
from genrescope.apps.api.schemas import TimelineShape
from genrescope.apps.api.waiting import wait_for
from genrescope.apps.reasons import plain_timeline
from genrescope.apps.serving.reasons import WhenQuestion, ask_when

router = APIRouter(tags=["recordings"])

EVERY = Query(description="A window every so many seconds, 0.5 to 60; end to end by default.")


@router.post(
    "/timeline",
    response_model=TimelineShape,
    responses=problems(*WORK),
    openapi_extra=sound_body(),
    summary="Follow the genre through a recording",
)
async def timeline(
    request: Request,
    here: Here,
    cleaning: Cleaning,
    model: Annotated[list[str] | None, MODELS] = None,
    every: Annotated[float | None, EVERY] = None,
    start: Annotated[float, START] = 0.0,
    duration: Annotated[float | None, DURATION] = None,
    name: Annotated[str, NAME] = "",
) -> JSONResponse:
    """The same data as `genrescope timeline --json` writes: steps, segments, and how far apart."""
    here.studio.turns.check()
    asked = WhenQuestion(tuple(model or ()), every, start, duration, cleaning)
    await run_in_threadpool(here.studio.shelf.names, asked.models)
    with ExitStack() as stack:
        upload = await receive_one(request, here, stack)
        watch = here.studio.watch()
        work = ask_when(here.studio, upload.file, asked, label=upload.label, watch=watch)
        found = await wait_for(request, work, watch)
    here.metrics.heard.inc(found.predictions[0].seconds)
    return JSONResponse(plain_timeline(found))
