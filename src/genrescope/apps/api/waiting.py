"""Waiting for work as long as the client does."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any, TypeVar

from fastapi import Request

from genrescope.apps.serving.watch import Watch
from genrescope.types import StoppedError, TimeLimitError

T = TypeVar("T")

GRACE_SECONDS = 2.0
"""Work that has not ended so long after its time is answered for without it."""


async def wait_for(request: Request, work: Future[T], watch: Watch) -> T:
    """What comes of `work`; it is stopped where the client goes away.

    Parameters
    ----------
    request : Request
        Whose body has been read.
    work : Future
    watch : Watch
        The one that the work looks at.

    Raises
    ------
    StoppedError
        If the client went away.
    TimeLimitError
        If the time is up.
    """
    result = asyncio.wrap_future(work)
    leaving: asyncio.Future[None] = asyncio.ensure_future(_gone(request))
    patience = None
    if watch.limit_seconds is not None:
        patience = max(0.0, watch.limit_seconds - watch.seconds) + GRACE_SECONDS
    try:
        both: tuple[asyncio.Future[Any], ...] = (result, leaving)
        await asyncio.wait(both, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        if leaving.done():
            raise StoppedError("stopped: the client went away")
        raise TimeLimitError(f"not done within {watch.limit_seconds:g} s and given up")
    finally:
        leaving.cancel()
        if not result.done():
            watch.stop()
            result.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
