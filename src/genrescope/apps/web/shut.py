"""Doors of Gradio's that the pages do not use, kept shut."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SHUT = ("/gradio_api/upload", "/gradio_api/file", "/gradio_api/stream", "/gradio_api/proxy")


class ShutDoors:
    """Answers 404 where Gradio would keep a file, hand one out or ask another host.

    Sounds come in by ``/web/sounds``, which keeps nothing; Gradio's own upload would leave what
    it is sent in a cache on disk.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        path = scope.get("path", "") if scope["type"] == "http" else ""
        below = path[path.find("/", 1) :]
        if below.startswith(SHUT):
            await PlainTextResponse("not here", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)
