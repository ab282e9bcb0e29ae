"""Parameters and descriptions that several routes share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from genrescope.apps.api.problems import MEDIA_TYPE
from genrescope.apps.api.schemas import ProblemShape
from genrescope.apps.serving.questions import Question
from genrescope.audio import Change, read_cleaning
from genrescope.types import AudioError, refuse

MODELS = Query(
    alias="model",
    description="Model name, or `all`; several times for several. The server's default if none.",
    examples=["mobilenetv3_mel"],
)
WINDOWS = Query(description="`first`, `centre`, `all`, or a number of windows spread evenly.")
START = Query(description="Begin at this second.")
DURATION = Query(description="Listen to so many seconds at most.")
TOP = Query(ge=1, description="Only so many genres, most probable first; all of them by default.")
TIMELINE = Query(description="Every window by itself, too.")
NAME = Query(description="What to call a sound sent as the body itself.", max_length=10_000)


def _clean(
    keep: Annotated[
        list[float] | None,
        Query(alias="clean_band", description="Clean-up: keep this band, two numbers in Hz."),
    ] = None,
    denoise: Annotated[
        float | None,
        Query(alias="clean_noise", description="Clean-up: take noise down by so many dB."),
    ] = None,
    trim: Annotated[
        bool, Query(alias="clean_trim", description="Clean-up: trim silence at both ends.")
    ] = False,
) -> tuple[Change, ...]:
    refuse(keep is not None and len(keep) != 2, "a band is two numbers", AudioError)
    band = None if keep is None else (keep[0], keep[1])
    return read_cleaning(band, denoise, trim)


Cleaning = Annotated[tuple[Change, ...], Depends(_clean)]


def _ask(
    cleaning: Cleaning,
    model: Annotated[list[str] | None, MODELS] = None,
    windows: Annotated[str, WINDOWS] = "all",
    start: Annotated[float, START] = 0.0,
    duration: Annotated[float | None, DURATION] = None,
) -> Question:
    return Question(tuple(model or ()), windows, start, duration, cleaning)


Asked = Annotated[Question, Depends(_ask)]


def sound_body(field: str = "file", *, several: bool = False) -> dict[str, Any]:
    """A request's body, for OpenAPI: a form with a file, or the sound itself."""
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    sent: dict[str, Any] = {"type": "array", "items": binary} if several else binary
    form = {"type": "object", "properties": {field: sent}, "required": [field]}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if not several:
        content["application/octet-stream"] = {"schema": binary}
        content["audio/*"] = {"schema": binary}
    return {"requestBody": {"required": True, "content": content}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers that are problem documents, for OpenAPI."""
    schema = {"$ref": "#/components/schemas/ProblemShape"}
    return {
        status: {"description": TEXTS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (*statuses, 400, 401)
    }


TEXTS = {
    400: "The request cannot be understood, or names another host",
    401: "The token is missing or another",
    404: "There is no such model or job",
    408: "The upload stood still",
    413: "More came than a request may bring",
    422: "The sound, or a parameter, cannot be used",
    503: "All turns are taken; `Retry-After` says when to ask again",
    504: "It took longer than a request may",
}
WORK = (404, 408, 413, 422, 503, 504)

__all__ = [
    "NAME",
    "TIMELINE",
    "TOP",
    "WORK",
    "Asked",
    "Cleaning",
    "ProblemShape",
    "problems",
    "sound_body",
]
