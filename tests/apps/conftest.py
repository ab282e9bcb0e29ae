"""A server of the tests' own, on a real socket."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

from genrescope.apps.api.app import create_app
from genrescope.apps.api.run import listen_at
from genrescope.apps.serving import Settings, Studio
from genrescope.classification.looking import Model
from genrescope.models.engines import Outputs
from genrescope.types import FloatArray

MODEL = "mobilenetv3_mel"


def until(condition: Callable[[], bool], seconds: float = 240.0) -> None:
    """Wait for something that happens in another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@dataclass
class Served:
    """A server at work, and what stands behind it."""

    url: str
    port: int
    studio: Studio
    app: FastAPI
    http: httpx.Client

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def raw(self, data: bytes) -> socket.socket:
        """A connection on which so much was sent."""
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=240)
        wire.sendall(data)
        return wire


@contextmanager
def serving(settings: Settings, studio: Studio | None = None) -> Iterator[Served]:
    own = studio or Studio([MODEL], settings)
    app = create_app(own, settings)
    listener = listen_at("127.0.0.1", 0)
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=600, trust_env=False) as http:
            until(lambda: server.started)
            yield Served(url, port, own, app, http)
    finally:
        server.should_exit = True
        thread.join(240)
        listener.close()
        assert not thread.is_alive()


def answer_on(wire: socket.socket) -> tuple[int, bytes]:
    """Status and body of the answer that comes on a connection."""
    answer = HTTPResponse(wire)
    answer.begin()
    return answer.status, answer.read()


class Gate:
    """A network that waits to be let on."""

    name, device, precision, reason = "gate", "CPU", "f32", "none"

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.runs = 0

    def run(self, pictures: FloatArray) -> Outputs:
        self.runs += 1
        self.entered.set()
        assert self.open.wait(240)
        return Outputs(np.zeros((len(pictures), 16), dtype=np.float32), None)


@contextmanager
def gated(settings: Settings) -> Iterator[tuple[Served, Gate]]:
    """A server whose only network waits at a gate."""
    studio, gate = Studio([MODEL], settings), Gate()
    studio.shelf._models[MODEL] = Model(studio.card(MODEL), gate)
    with serving(settings, studio) as served:
        try:
            yield served, gate
        finally:
            gate.open.set()


@pytest.fixture(scope="session")
def uploads_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("uploads")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture(scope="session")
def server(uploads_folder: Path) -> Iterator[Served]:
    settings = Settings(limit_bytes=2_000_000, workers=2, limit_seconds=600)
    with serving(settings) as served:
        until(lambda: served.studio.ready)
        yield served


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest, uploads_folder: Path) -> Iterator[None]:
    """After every test no upload is open, and no file of one is left, named or not."""
    yield
    if "server" in request.fixturenames:
        served: Served = request.getfixturevalue("server")
        until(lambda: served.studio.uploads.count == 0)
        until(lambda: served.studio.turns.working == 0)
    until(lambda: not open_below(uploads_folder))
    left = {path.name for path in uploads_folder.iterdir()}
    assert not {name for name in left if not name.startswith("torchinductor_")}  # PyTorch's own


def open_below(folder: Path) -> list[str]:
    """What this process holds open in a folder, deleted or not (Linux; elsewhere nothing)."""
    found = []
    own = Path("/proc/self/fd")
    for entry in own.iterdir() if own.is_dir() else ():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found
