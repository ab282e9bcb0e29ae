"""Sounds that a page sends one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from genrescope.apps.api.app import create_app
from genrescope.apps.serving import Studio
from genrescope.apps.web import routes
from genrescope.apps.web.cloakroom import Cloakroom
from genrescope.apps.web.routes import make_router
from tests import onnx_models
from tests.apps.conftest import until


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    onnx_models.write(tmp_path, "a_mel", "mel")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    with Studio(["a_mel"]) as studio:
        yield create_app(studio)


def test_the_first_sound_waits_for_the_last(app: FastAPI) -> None:
    room = Cloakroom(keep_seconds=3.0)
    app.include_router(make_router(room))
    client = TestClient(app, base_url="http://127.0.0.1")

    def send(name: str, beside: str = "") -> str:
        query = {"name": name, **({"beside": beside} if beside else {})}
        answer = client.post("/web/sounds", params=query, content=b"sound")
        assert answer.status_code == 200
        return str(answer.json()["key"])

    first, alone = send("a.mp3"), send("alone.mp3")
    keys = [first]
    while room.has(alone) or len(keys) < 4:
        time.sleep(0.05)
        keys.append(send("b.mp3", keys[-1]))
    assert all(room.has(key) for key in keys)
    assert room.has(send("c.mp3", alone))
    until(lambda: room.count == 0, 60)


def test_samples_of_a_checkout_else_of_the_package(
    app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "jazz_vibe_ace.flac" in routes.sample_names()
    folders = (tmp_path / "checkout", tmp_path / "package")
    monkeypatch.setattr(routes, "SAMPLE_FOLDERS", folders)
    assert (routes.sample_folder(), routes.sample_names()) == (None, ())
    folders[1].mkdir()
    for name in ("LICENSES.md", "b.ogg", "a.mp3"):
        (folders[1] / name).write_text(name)
    assert routes.sample_names() == ("a.mp3", "b.ogg")
    app.include_router(make_router(Cloakroom()))
    client = TestClient(app, base_url="http://127.0.0.1")
    assert client.get("/web/samples/b.ogg").text == "b.ogg"
    assert client.get("/web/samples/LICENSES.md").status_code == 404


def test_the_page_names_itself_to_browsers_that_keep_it(app: FastAPI) -> None:
    app.include_router(make_router(Cloakroom()))
    client = TestClient(app, base_url="http://127.0.0.1")
    answer = client.get("/manifest.json")
    kept = answer.json()
    assert answer.headers["content-type"] == "application/manifest+json"
    assert kept["name"] == "Genrescope"
    icon = client.get(kept["icons"][0]["src"])
    assert icon.headers["content-type"] == kept["icons"][0]["type"]
    first = client.get(kept["start_url"], follow_redirects=False)
    assert first.status_code == 307
