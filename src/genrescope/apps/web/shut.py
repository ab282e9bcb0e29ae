"""Doors of Gradio's that the pages do not use, kept shut."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

BEHIND = "/gradio_api"
OPEN = (
    "/queue/join",
    "/queue/data",
    "/heartbeat/",
    "/cancel",
    "/reset",
    "/info",
    "/startup-events",
    "/theme.css",
)
"""What the pages call. Each version of Gradio adds doors, so those that are open are named."""


class ShutDoors:
    """Answers 404 where Gradio would keep a file, hand one out, run a program or ask another host.

    Sounds come in by ``/web/sounds``, which keeps nothing; Gradio's own upload would leave what
    it is sent in a cache on disk, and `process_recording` would give it to the ``ffmpeg`` of the
    machine, which reads whatever files a playlist names.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        path = scope.get("path", "") if scope["type"] == "http" else ""
        _, behind, rest = path.partition(BEHIND)
        if (behind and not rest.startswith(OPEN)) or "monitoring" in path.split("/"):
            await PlainTextResponse("not here", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)
