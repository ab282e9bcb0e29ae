"""``GET /health``, ``/ready``, ``/metrics`` and the pages of problems."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from genrescope import __version__
from genrescope.apps.api.context import Here
from genrescope.apps.api.problems import refusal
from genrescope.apps.api.routes._asking import problems
from genrescope.apps.serving.problems import PROBLEMS, REFUSALS, problem_named

router = APIRouter(tags=["state"])


@router.get("/health", summary="Whether the server answers")
async def health() -> dict[str, str]:
    """Open to everybody, token or not."""
    return {"status": "alive", "version": __version__}


@router.get("/ready", responses=problems(503), summary="Whether its models are loaded")
def ready(here: Here) -> Any:
    """Open to everybody. Requests that come before wait until they are."""
    if here.studio.ready:
        return {"status": "ready"}
    if here.studio.problem:
        return refusal("not-ready", here.studio.problem)
    return refusal("not-ready", "they are being loaded", {"Retry-After": "1"})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    summary="Figures for Prometheus",
)
def metrics(here: Here) -> Response:
    """Answers by route and status, times, turns, uploads, models, memory."""
    return Response(here.metrics.page(), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems", summary="What may go wrong")
async def list_problems() -> list[dict[str, Any]]:
    """Every `type` that a problem document may have."""
    kinds = (*PROBLEMS, *REFUSALS)
    return [{"name": one.name, "status": one.status, "title": one.title} for one in kinds]


@router.get("/problems/{name}", responses=problems(404), summary="What a problem's type means")
async def show_problem(name: str) -> dict[str, Any]:
    """The page that a problem document's `type` points to."""
    kind = problem_named(name)
    if kind is None:
        raise HTTPException(404)
    return {
        "name": kind.name,
        "status": kind.status,
        "title": kind.title,
        "python": f"genrescope.types.{kind.error.__name__}",
        "meaning": (kind.error.__doc__ or "").splitlines()[0],
    }
