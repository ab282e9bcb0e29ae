"""Pages that are built when they are first asked for: `LatePages`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from fastapi import FastAPI

HEAD_START_SECONDS = 5.0
"""How long nobody has to ask before pages are built all the same."""

_BUILDING = threading.Lock()
"""Gradio notes in one place of the process which pages are being built."""


class LatePages:
    """An application that is made in the background and, once it is there, answers.

    Parameters
    ----------
    make : callable
        Makes a carrier: an application that is never served itself, with the wanted one mounted
        on it and that one's beginning and end in its lifespan. Called once, in any thread.
    """

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make = make
        self._carrier: FastAPI | None = None
        self._wanted = asyncio.Event()
        self._served: asyncio.Future[ASGIApp] | None = None

    def build(self) -> None:
        """Make it, in this thread, if it is not there."""
        with _BUILDING:
            if self._carrier is None:
                self._carrier = self._make()
        self._wanted.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, which waits until the pages are built."""
        if self._served is None:
            raise RuntimeError("these pages answer within their lifespan only")
        self._wanted.set()
        served = await asyncio.shield(self._served)
        await served(scope, receive, send)

    @asynccontextmanager
    async def live(self) -> AsyncIterator[None]:
        """Their lifespan: it begins with the server's, and ends with it, built or not."""
        self._served = asyncio.get_running_loop().create_future()
        ended = asyncio.Event()
        task = asyncio.create_task(self._attend(self._served, ended))
        try:
            yield
        finally:
            ended.set()
            if not self._served.done():
                task.cancel()
                self._served.cancel()  # whoever still waits is let go
            await asyncio.gather(task, return_exceptions=True)

    async def _attend(self, served: asyncio.Future[ASGIApp], ended: asyncio.Event) -> None:
        try:
            if self._carrier is None:
                await self._wait_for_somebody()
                await asyncio.to_thread(self.build)
            carrier = self._carrier
            assert carrier is not None
            async with carrier.router.lifespan_context(carrier):
                served.set_result(carrier.router.routes[-1].app)  # type: ignore[attr-defined]
                await ended.wait()
        except Exception as error:
            if served.done():
                raise
            served.set_exception(error)

    async def _wait_for_somebody(self) -> None:
        try:
            await asyncio.wait_for(self._wanted.wait(), HEAD_START_SECONDS)
        except TimeoutError:
            return
