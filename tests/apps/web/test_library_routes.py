"""What is found in the collection, as files to save: what a browser is told goes wrong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from genrescope.apps.api.problems import add_handlers
from genrescope.apps.serving.library import Library
from genrescope.apps.serving.settings import Settings
from genrescope.apps.web import library_routes
from genrescope.collection.stores import open_store
from genrescope.collection.values import Analysis, FileState, Seat

SEAT = Seat("m", "0" * 64, "{}", ("Jazz", "Rock"))


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    with open_store(tmp_path / "store.sqlite") as store:
        row = np.array([0.9, 0.1], dtype=np.float32)
        state = FileState(os.fsencode(tmp_path / "a.flac"), 1, 1)
        store.keep(state, b"0" * 32, [Analysis(SEAT, row, 1.0, None)])
    app = FastAPI()
    library = Library(Settings(store=str(tmp_path / "store.sqlite")))
    app.include_router(library_routes.make_library_router(library))
    add_handlers(app)
    return TestClient(app)


def test_a_wrong_question_is_told_what_is_wrong(client: TestClient) -> None:
    answer = client.get("/web/library/songs.csv", params={"question": "jaz > 0.1"})
    plain = answer.json()
    assert answer.status_code == plain["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no field 'jaz'" in plain["detail"]


def test_a_report_is_drawn_one_at_a_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []

    def make(*_: object) -> str:
        answers.append(client.get("/web/library/songs.html"))
        return "drawn"

    monkeypatch.setattr(library_routes, "make_report", make)
    assert client.get("/web/library/songs.html").text == "drawn"
    (second,) = answers
    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    assert second.json()["detail"] == "a report is being drawn: try again"


def test_what_is_not_there_is_told_where_to_look(client: TestClient) -> None:
    answer = client.get("/web/library/songs.doc")
    assert answer.status_code == 404
    assert "openapi.json lists what there is" in answer.json()["detail"]
