"""Every answer counted, timed and logged, and none left without one."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genrescope.apps.api.context import PREFIX
from genrescope.apps.api.metrics import Metrics
from genrescope.apps.api.problems import refusal
from genrescope.audio.source import shown

LOG = logging.getLogger("genrescope.serving")
STOPPING = "the server is being stopped; ask again when it is back"
FAILED = "an error inside Genrescope; its log says more"
OFTEN = frozenset(f"{PREFIX}/{name}" for name in ("health", "ready", "metrics"))
"""Asked by machines again and again: logged for debugging only."""
ELSEWHERE = "elsewhere"
"""The route of what no route of the API answered: pages, and addresses that are not there."""


class Metering:
    """Stands before all that may refuse or fail.

    Logs method, path (without the query, which may hold a token), status and time; never a name
    of an upload. An error that nothing below answered becomes a problem document here, and so
    does a request that the server does not wait for when it is stopped.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def give(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, give)
        except asyncio.CancelledError:  # what the server does when it has waited long enough
            if not status:
                await refusal("stopped", STOPPING)(scope, receive, give)
        except Exception:
            LOG.exception("%s %s failed", scope["method"], shown(scope["path"])[:200])
            if not status:
                await refusal("internal", FAILED)(scope, receive, give)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = shown(scope["path"])[:200]
        level = logging.DEBUG if scope["path"] in OFTEN else logging.INFO
        LOG.log(level, "%s %s %d %.0f ms", shown(scope["method"]), path, status, seconds * 1000)
        route = getattr(scope.get("route"), "path", ELSEWHERE) or ELSEWHERE
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)


KNOWN_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
