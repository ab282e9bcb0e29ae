"""``POST /jobs``, its progress as server-sent events, its state, its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from genrescope.apps.api.context import PREFIX, Here
from genrescope.apps.api.receiving import receive_files
from genrescope.apps.api.routes._asking import TIMELINE, Asked, problems, sound_body
from genrescope.apps.api.schemas import JobShape
from genrescope.apps.results import to_plain
from genrescope.apps.serving.jobs import Job

router = APIRouter(tags=["jobs"])

Timeline = Annotated[bool, TIMELINE]
Number = Annotated[str, Path(alias="id", description="As `POST /jobs` gave it.")]

PULSE_SECONDS = 15.0
"""A comment so often keeps the connection open."""
APART_SECONDS = 0.2
"""Events about progress come so far apart at least."""


@router.post(
    "/jobs",
    status_code=202,
    response_model=JobShape,
    responses=problems(404, 408, 413, 422, 503),
    openapi_extra=sound_body("files", several=True),
    summary="Classify many recordings",
)
async def create_job(request: Request, here: Here, asked: Asked) -> JSONResponse:
    """Several files in one form; the answer comes as soon as they have arrived.

    Ask for `/jobs/{id}/events` to hear of each result as it comes. A file that cannot be
    classified becomes a result with `error` and stops nothing.
    """
    here.jobs.check()
    await run_in_threadpool(here.studio.shelf.names, asked.models)
    with ExitStack() as stack:
        uploads = await receive_files(request, here, stack, most=here.settings.job_files)
        job = here.jobs.create(uploads, asked)
        stack.pop_all()
    headers = {"Location": f"{PREFIX}/jobs/{job.id}"}
    return JSONResponse(plain_job(job), 202, headers)


@router.get(
    "/jobs/{id}",
    response_model=JobShape,
    responses=problems(404),
    summary="How far a job is, and what came of it so far",
)
async def get_job(here: Here, number: Number, timeline: Timeline = False) -> JSONResponse:
    """Results stand in the order of the files."""
    return JSONResponse(plain_job(here.jobs.get(number), timeline))


@router.delete(
    "/jobs/{id}", status_code=204, responses=problems(404), summary="Stop and forget a job"
)
async def delete_job(here: Here, number: Number) -> Response:
    """What is at work ends before its next step."""
    here.jobs.remove(number)
    return Response(status_code=204)


@router.get(
    "/jobs/{id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "`progress`, `result` and at last `end`, each with JSON as its data",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(404),
    },
    summary="A job's results as they come",
)
async def job_events(
    here: Here,
    number: Number,
    timeline: Timeline = False,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Server-sent events. `Last-Event-ID` goes on behind the result of that number."""
    job = here.jobs.get(number)
    seen = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 10 else 0
    headers = {"X-Accel-Buffering": "no"}
    told = _events(job, seen, timeline)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _events(job: Job, seen: int, timeline: bool) -> AsyncIterator[str]:
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    ended = job.listen(lambda: _wake(loop, changed))
    try:
        while True:
            changed.clear()
            over = job.ended_at is not None
            for place in job.finished[seen:]:
                seen += 1
                yield _event("result", _plain_result(job, place, timeline), seen)
            yield _event("progress", _plain_state(job))
            if over:
                yield _event("end", {"state": job.state})
                return
            try:
                await asyncio.wait_for(changed.wait(), PULSE_SECONDS)
                await asyncio.sleep(APART_SECONDS if job.ended_at is None else 0)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        ended()


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(changed.set)


def _event(kind: str, plain: dict[str, Any], number: int | None = None) -> str:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(plain)}\n\n"


def _plain_result(job: Job, place: int, timeline: bool) -> dict[str, Any]:
    return {"file": place, "result": to_plain(job.results[place], per_window=timeline)}


def _plain_state(job: Job) -> dict[str, Any]:
    working = [
        {
            "file": place,
            "source": job.labels[place],
            "step": progress.step,
            "heard_seconds": round(progress.heard_seconds, 3),
            "length_seconds": progress.length_seconds,
            "model": progress.model,
        }
        for place, progress in sorted(job.progress.copy().items())
    ]
    return {
        "state": job.state,
        "done": len(job.finished),
        "failed": job.failures,
        "of": len(job.labels),
        "working": working,
    }


def plain_job(job: Job, timeline: bool = False) -> dict[str, Any]:
    """A job as far as it is, as plain data."""
    state = _plain_state(job)
    del state["of"]
    done = sorted(job.finished.copy())
    return {
        "id": job.id,
        **state,
        "files": list(job.labels),
        "results": [_plain_result(job, place, timeline) for place in done],
    }
