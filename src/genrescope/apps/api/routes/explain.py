"""``POST /explain``."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

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
from genrescope.apps.api.schemas import ExplainedShape
from genrescope.apps.api.waiting import wait_for
from genrescope.apps.reasons import plain_why
from genrescope.apps.serving.reasons import WhyQuestion, ask_changed, ask_why, read_changes
from genrescope.audio import Change
from genrescope.types import Explanation, GenrescopeError, refuse

router = APIRouter(tags=["recordings"])

PNG = "image/png"
FLAC = "audio/flac"
Form = Annotated[
    Literal["json", "png", "flac"],
    Query(description="Numbers, a picture of one model, or the changed sound to listen to."),
]
Span = Annotated[list[float] | None, Query(description="Two numbers: from, and to.")]


def _changes(
    cleaning: Cleaning,
    mute_band: Span = None,
    mute_time: Span = None,
    keep_band: Span = None,
) -> tuple[Change, ...]:
    return read_changes(mute_band or (), mute_time or (), keep_band or (), cleaning)


def _ask(
    changes: Annotated[tuple[Change, ...], Depends(_changes)],
    model: Annotated[list[str] | None, MODELS] = None,
    genre: Annotated[str | None, Query(description="Else each model's first choice.")] = None,
    method: Annotated[str, Query(description="`occlusion` or `cam`.")] = "occlusion",
    start: Annotated[float, START] = 0.0,
    duration: Annotated[float | None, DURATION] = None,
) -> WhyQuestion:
    return WhyQuestion(tuple(model or ()), genre, method, changes, start, duration)


@router.post(
    "/explain",
    response_model=ExplainedShape,
    responses={200: {"content": {PNG: {}, FLAC: {}}}, **problems(*WORK)},
    openapi_extra=sound_body(),
    summary="Say where the evidence for a genre lies, and what a change would do",
)
async def explain(
    request: Request,
    here: Here,
    asked: Annotated[WhyQuestion, Depends(_ask)],
    form: Form = "json",
    name: Annotated[str, NAME] = "",
) -> Response:
    """The same data as `genrescope explain --json` writes, or the same picture.

    `mute_band` (Hz), `mute_time` (s) and `keep_band` (Hz), each given twice, change the sound, and
    so does clean-up; what every model says before and after stands under `change`. As `flac` the
    sound itself comes back, changed, ten minutes of it at most.
    """
    here.studio.turns.check()
    names = await run_in_threadpool(here.studio.shelf.names, asked.models)
    several = form == "png" and len(names) > 1
    refuse(several, "one picture shows one model: name one", GenrescopeError)
    with ExitStack() as stack:
        upload = await receive_one(request, here, stack)
        watch = here.studio.watch()
        if form == "flac":
            sound = ask_changed(here.studio, upload.file, asked, label=upload.label, watch=watch)
            return Response(await wait_for(request, sound, watch), media_type=FLAC)
        work = ask_why(here.studio, upload.file, asked, label=upload.label, watch=watch)
        answer = await wait_for(request, work, watch)
    if form == "png":
        picture = await run_in_threadpool(_draw, answer.explanations[0])
        return Response(picture, media_type=PNG)
    return JSONResponse(plain_why(answer.explanations, answer.moved))


def _draw(explanation: Explanation) -> bytes:
    from genrescope.apps.posters import draw_explanation, explanation_title, to_png

    return to_png(partial(draw_explanation, explanation, explanation_title(explanation)))
