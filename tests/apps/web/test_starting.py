"""How the pages begin: Gradio without what they do not use, and a language when it is asked for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the extra 'web' is not installed")

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from genrescope.apps.web import late
from genrescope.apps.web.late import LatePages

LEAN = """
import json, sys
from genrescope.apps.web.pages._tables import Table
table = Table(headers=["file", "genre"], value=[["a.mp3", "Jazz"]])
import gradio.component_meta
told = {
    "kind": table.get_block_name(),
    "value": table.value,
    "pandas": "pandas.core" in sys.modules,
    "notebook": "IPython" in sys.modules,
    "stubs": gradio.component_meta.create_or_modify_pyi.__module__,
    "finders": [type(one).__name__ for one in sys.meta_path],
}
import pandas
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:  # each finds it whole, whoever comes first
    frames = threads.map(lambda _: pandas.DataFrame({"a": [1, 2]}), range(8))
    told["rows"] = [len(frame) for frame in frames]
print(json.dumps(told))
"""


def test_gradio_comes_without_what_is_not_used() -> None:
    run = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=True)
    told = json.loads(run.stdout)
    assert told["kind"] == "dataframe"
    assert told["value"]["headers"] == ["file", "genre"]
    assert told["value"]["data"] == [["a.mp3", "Jazz"]]
    assert not told["pandas"]
    assert not told["notebook"]
    assert told["stubs"] == "genrescope.apps.web.lean"
    assert "_Finder" not in told["finders"]
    assert told["rows"] == [2] * 8  # put off, not taken away


class Carried:
    """Carriers as Gradio's mounting makes them, with what becomes of their application."""

    def __init__(self) -> None:
        self.made = 0
        self.log: list[str] = []

    def make(self) -> FastAPI:
        self.made += 1

        @asynccontextmanager
        async def live(_: FastAPI) -> AsyncIterator[None]:
            self.log.append("begun")
            yield
            self.log.append("ended")

        async def pages(scope: Scope, receive: Receive, send: Send) -> None:
            self.log.append(str(scope["path"]))

        carrier = FastAPI(lifespan=live)
        carrier.mount("/en", pages)
        return carrier


async def _ask(pages: LatePages, path: str = "/en/") -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError("neither received nor sent")

    await pages({"type": "http", "path": path}, nothing, nothing)


def test_pages_are_built_when_somebody_asks() -> None:
    carried = Carried()
    pages = LatePages(carried.make)

    async def visit() -> None:
        async with pages.live():
            assert carried.made == 0
            await asyncio.gather(_ask(pages, "/en/"), _ask(pages, "/en/config"))
            assert sorted(carried.log) == ["/en/", "/en/config", "begun"]

    asyncio.run(visit())
    assert carried.made == 1
    assert carried.log[-1] == "ended"


def test_pages_built_beforehand_are_not_built_again() -> None:
    carried = Carried()
    pages = LatePages(carried.make)
    pages.build()

    async def visit() -> None:
        async with pages.live():
            await _ask(pages)

    asyncio.run(visit())
    assert carried.made == 1


def test_pages_nobody_asks_for_are_built_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "HEAD_START_SECONDS", 0.01)
    carried = Carried()
    pages = LatePages(carried.make)

    async def wait() -> None:
        async with pages.live():
            while not carried.log:
                await asyncio.sleep(0.01)

    asyncio.run(wait())
    assert carried.log == ["begun", "ended"]


def test_a_server_that_ends_builds_nothing() -> None:
    carried = Carried()
    pages = LatePages(carried.make)

    async def pass_by() -> None:
        async with pages.live():
            pass

    asyncio.run(pass_by())
    assert carried.made == 0


def test_who_waits_when_the_server_ends_is_let_go() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def make() -> FastAPI:
        begun.set()
        go_on.wait(30)
        return Carried().make()

    async def visit() -> None:
        pages = LatePages(make)
        async with pages.live():
            asking = asyncio.create_task(_ask(pages))
            await asyncio.to_thread(begun.wait, 30)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asking, 30)
        go_on.set()

    asyncio.run(visit())


def test_pages_that_cannot_be_built_say_so_to_everybody() -> None:
    def fail() -> FastAPI:
        raise ValueError("no page")

    pages = LatePages(fail)

    async def visit() -> None:
        async with pages.live():
            for _ in range(2):
                with pytest.raises(ValueError, match="no page"):
                    await _ask(pages)

    asyncio.run(visit())


def test_outside_their_lifespan_pages_do_not_hang() -> None:
    with pytest.raises(RuntimeError, match="lifespan"):
        asyncio.run(_ask(LatePages(Carried().make)))


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_GB"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_system(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genrescope.apps.web import texts

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert texts.of_system() == language
