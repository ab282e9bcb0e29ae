"""Models, genres, health, metrics, the API's description."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from genrescope import __version__
from genrescope.apps.api.schemas import CardShape, ModelShape
from genrescope.apps.serving import Settings
from genrescope.classification import taxonomies
from genrescope.models import card_from_json, find
from tests.apps.conftest import MODEL, Served, serving, until


def test_models(server: Served) -> None:
    listed = {one["name"]: one for one in server.http.get("/api/v1/models").json()}
    for one in listed.values():
        ModelShape.model_validate(one)
    assert (listed[MODEL]["loaded"], listed[MODEL]["default"]) == (True, True)
    assert not listed["mobilenetv3_cqt"]["default"]
    page = server.http.get(f"/api/v1/models/{MODEL}").json()
    CardShape.model_validate(page)
    assert card_from_json(json.dumps(page["card"])) == find(MODEL).card
    assert page["engine"]["name"]
    for name in ("none", "..%2Fx", "%00"):
        assert server.http.get(f"/api/v1/models/{name}").status_code == 404


def test_genres(server: Served) -> None:
    page = server.http.get("/api/v1/genres").json()
    labels = tuple(genre["label"] for genre in page["genres"])
    assert labels == taxonomies.load("genres16").labels
    assert page["genres"][0]["family"]["colour"].startswith("#")
    assert server.http.get("/api/v1/genres?taxonomy=none").status_code == 404


def test_health_and_readiness(server: Served) -> None:
    alive = server.http.get("/api/v1/health").json()
    assert alive == {"status": "alive", "version": __version__}
    assert server.http.get("/api/v1/ready").json() == {"status": "ready"}


def test_a_server_without_its_model_is_never_ready() -> None:
    from genrescope.apps.serving import Studio

    with serving(Settings(), Studio(["nothing"])) as served:
        until(lambda: bool(served.studio.problem))
        answer = served.http.get("/api/v1/ready")
        assert answer.status_code == 503
        assert "no model 'nothing'" in answer.json()["detail"]
        assert served.http.post("/api/v1/classify", content=b"x").status_code == 404
        assert served.http.get("/api/v1/models").status_code == 200


def test_metrics(server: Served) -> None:
    server.http.get("/api/v1/no-such-address-1")
    page = server.http.get("/api/v1/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert 'route="elsewhere",status="404"' in page.text
    assert "no-such-address" not in page.text
    assert "genrescope_models_loaded " in page.text
    assert "process_resident_memory_bytes" in page.text


def test_the_description(server: Served) -> None:
    page = server.http.get("/api/v1/openapi.json").json()
    assert page["openapi"].startswith("3.1")
    for path, methods in page["paths"].items():
        assert path.startswith("/api/v1/")
        for method, what in methods.items():
            assert what["summary"], (method, path)
    for path in ("classify", "compare", "spectrogram"):
        content = page["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]
        assert {"multipart/form-data", "application/octet-stream"} <= set(content)
    text = json.dumps(page)
    assert text.count('"examples"') >= 8
    assert not _dangling(page, page)
    for shape in page["components"]["schemas"].values():
        shape.pop("examples", None)  # a card names its paper
    text = json.dumps(page)
    assert "http://" not in text
    assert "https://" not in text


def _dangling(part: Any, whole: Any) -> list[str]:
    """References that lead nowhere."""
    if isinstance(part, list):
        return [ref for one in part for ref in _dangling(one, whole)]
    if not isinstance(part, dict):
        return []
    found = [ref for one in part.values() for ref in _dangling(one, whole)]
    ref = part.get("$ref")
    if isinstance(ref, str):
        place = whole
        for name in ref.removeprefix("#/").split("/"):
            place = place.get(name, {}) if isinstance(place, dict) else {}
        if not place:
            found.append(ref)
    return found


def test_who_is_not_waited_for_at_the_end_is_told(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """The server cancels what takes longer than it waits when it is stopped."""
    from genrescope.apps.api.metering import Metering

    async def cancelled(*_: object) -> None:
        raise asyncio.CancelledError("Task cancelled, timeout graceful shutdown exceeded")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    metrics = server.app.state.context.metrics
    scope = {"type": "http", "method": "POST", "path": "/api/v1/timeline", "headers": []}
    asyncio.run(Metering(cancelled, metrics)(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["title"] == "The work was stopped"
    assert "Traceback" not in caplog.text
