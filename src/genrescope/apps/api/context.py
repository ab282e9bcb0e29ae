"""What every route is given: `Context`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from genrescope.apps.api.metrics import Metrics
from genrescope.apps.serving.jobs import Jobs
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.studio import Studio

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Context:
    """The one of everything that a server has."""

    studio: Studio
    settings: Settings
    jobs: Jobs
    metrics: Metrics


def context_of(request: Request) -> Context:
    """The context of the app that a request came to."""
    return cast(Context, request.app.state.context)


Here = Annotated[Context, Depends(context_of)]
