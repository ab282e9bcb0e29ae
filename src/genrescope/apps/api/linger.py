"""Refusing an upload so that the client hears of it."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 2**26
MOST_SECONDS = 5.0


class Linger:
    """Reads on for a while where an answer comes before the request's end.

    A server that closes a connection on which bytes still come in makes the system reset it, and
    the client then sees a broken connection instead of the answer. So the answer is sent at once,
    and what still comes is thrown away for a few seconds before the connection is closed.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        came_to_end = False

        async def take() -> Message:
            nonlocal came_to_end
            message = await receive()
            came_to_end |= message["type"] != "http.request" or not message.get("more_body")
            return message

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start" and not came_to_end:
                MutableHeaders(scope=message)["Connection"] = "close"
            last = message["type"] == "http.response.body" and not message.get("more_body")
            if not last or came_to_end:
                await send(message)
                return
            await send({**message, "more_body": True})
            await _throw_away(receive)
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, take, give)


def _has_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if value != b"0"}
    return bool(names & {b"content-length", b"transfer-encoding"})


async def _throw_away(receive: Receive) -> None:
    seen = 0
    try:
        async with asyncio.timeout(MOST_SECONDS):
            while seen < MOST_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
    except TimeoutError:
        return
