"""The REST API as one application: `create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from genrescope import __version__
from genrescope.apps.api.context import PREFIX, Context
from genrescope.apps.api.guard import HostCheck, OriginCheck, TokenCheck
from genrescope.apps.api.headers import SafeHeaders
from genrescope.apps.api.linger import Linger
from genrescope.apps.api.metering import Metering
from genrescope.apps.api.metrics import Metrics
from genrescope.apps.api.parameters import refuse_unknown
from genrescope.apps.api.problems import add_handlers
from genrescope.apps.api.routes import classify, explain, jobs, models, spectrogram, state, timeline
from genrescope.apps.api.routes._asking import problems
from genrescope.apps.api.schemas import ProblemShape, examples_of
from genrescope.apps.serving.jobs import Jobs
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.studio import Studio

ROUTERS = (
    classify.router,
    explain.router,
    timeline.router,
    spectrogram.router,
    jobs.router,
    models.router,
    state.router,
)
DESCRIPTION = """See what genre a piece of music is: a spectrogram, image networks, and how far to
trust them. Results are the same data as `genrescope classify --json` writes; errors are problem
documents (RFC 9457) in the same words as the command line's."""


def create_app(studio: Studio, settings: Settings | None = None) -> FastAPI:
    """The API on `studio`, ready for pages to be mounted on.

    Parameters
    ----------
    studio : Studio
        Started with the app and closed with it.
    settings : Settings, optional
        The studio's own by default.

    Returns
    -------
    FastAPI
        With ``/api/v1``. No page that would load scripts from elsewhere is served.
    """
    told = settings or studio.settings
    own_jobs = Jobs(studio)
    metrics = Metrics(studio, own_jobs)

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        studio.start()
        try:
            yield
        finally:
            own_jobs.close()
            studio.close()

    app = FastAPI(
        title="Genrescope",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=live,
    )
    app.state.context = Context(studio, told, own_jobs, metrics)
    unknown = problems(422)
    for router in ROUTERS:
        app.include_router(
            router,
            prefix=PREFIX,
            dependencies=[Depends(refuse_unknown)],
            responses={422: unknown[422]},  # else FastAPI describes an answer of its own
        )
    add_handlers(app)
    _add_layers(app, told, metrics)
    _describe(app)
    return app


def _add_layers(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """What a request passes through before a route; the last one added is the first it meets."""
    if settings.token:
        app.add_middleware(TokenCheck, token=settings.token)
    app.add_middleware(OriginCheck, settings=settings)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Last-Event-ID"],
            expose_headers=["Location", "Retry-After", "Server-Timing"],
        )
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(Linger)
    app.add_middleware(Metering, metrics=metrics)
    app.add_middleware(SafeHeaders)


def _describe(app: FastAPI) -> None:
    """Add to the description what FastAPI cannot know."""
    made = app.openapi

    def described() -> dict[str, Any]:
        page = made()
        if "security" in page:
            return page  # FastAPI keeps what it made
        parts = page.setdefault("components", {})
        shape = ProblemShape.model_json_schema()
        parts.setdefault("schemas", {}).setdefault("ProblemShape", shape)
        for name, one in parts["schemas"].items():
            if examples := examples_of(name):  # FastAPI would leave out what is null in them
                one["examples"] = examples
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        page["security"] = [{}, {"token": []}]
        return page

    app.openapi = described  # type: ignore[method-assign]
