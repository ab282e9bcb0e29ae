"""What the API says of itself, and the answers that it shows as examples.

With ``GENRESCOPE_EXAMPLES`` naming a folder, the examples are written there as they are answered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genrescope.apps.api import schemas
from genrescope.apps.api.app import create_app
from genrescope.apps.serving.studio import Studio
from tests.apps.conftest import MODEL, Served, until

SOUND = "country_short_1s5.mp3"
TWO = {"model": ["mobilenetv3_mel", "mobilenetv3_cqt"]}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "PredictionShape": ("classify", {"top": 3}),
    "ComparisonShape": ("compare", {**TWO, "top": 3}),
    "ExplainedShape": ("explain", {"method": "cam"}),
    "TimelineShape": ("timeline", {}),
    "SpectrogramShape": ("spectrogram", {"form": "json", "hop": 32768}),
}
"""Shapes, and the questions about `SOUND` that their examples answer."""


@pytest.fixture(scope="module")
def page() -> Any:
    return create_app(Studio()).openapi()


def answers(page: Any) -> Iterator[tuple[str, str, Any]]:
    """Address with method, status and content of every answer that is described."""
    for path, methods in page["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                yield f"{method} {path}", status, answer.get("content", {})


def named(schema: Any) -> set[str]:
    """The shapes that a description leads to at once."""
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]}
    inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return {name for one in inner for name in named(one)}


def test_errors_are_problem_documents_everywhere(page: Any) -> None:
    assert "ValidationError" not in json.dumps(page)
    for where, status, content in answers(page):
        if status >= "400":
            assert list(content) == ["application/problem+json"], where
            assert named(content["application/problem+json"]["schema"]) == {"ProblemShape"}
    refused = {where for where, status, _ in answers(page) if status == "422"}
    assert refused == {where for where, _, _ in answers(page)}


def test_every_answer_has_an_example_in_its_own_shape(page: Any) -> None:
    shapes = set()
    for _, status, content in answers(page):
        if status.startswith("2") and "application/json" in content:
            shapes |= named(content["application/json"]["schema"])
    assert set(ASKED) < shapes
    for name in shapes:
        shape = getattr(schemas, name)
        (example,) = page["components"]["schemas"][name]["examples"]
        made = shape.model_validate(example, strict=True)
        assert made.model_dump(exclude_unset=True) == example, name


def test_examples_are_answers(server: Served, samples: Path, page: Any) -> None:
    sound = (samples / SOUND).read_bytes()
    found: dict[str, Any] = {}
    for name, (route, query) in ASKED.items():
        answer = server.http.post(
            f"/api/v1/{route}", params={**query, "name": SOUND}, content=sound, timeout=600
        )
        assert answer.status_code == 200, answer.text
        found[name] = answer.json()
    picture: dict[str, str | bool] = {
        "form": "json",
        "picture": True,
        "model": MODEL,
        "name": SOUND,
    }
    found["PictureShape"] = server.http.post(
        "/api/v1/spectrogram", params=picture, content=sound, timeout=600
    ).json()
    found["PictureShape"]["values"] = corner(found["PictureShape"]["values"])
    sent = {"files": (SOUND, sound)}
    job = server.http.post("/api/v1/jobs", files=sent).json()["id"]
    until(lambda: server.http.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    found["JobShape"] = server.http.get(f"/api/v1/jobs/{job}").json()
    found["CardShape"] = server.http.get("/api/v1/models/musicnn_msd").json()
    found["ModelShape"] = server.http.get("/api/v1/models").json()[0]
    for name, answer in found.items():
        (example,) = page["components"]["schemas"][name].get("examples", [answer])
        assert example.keys() == answer.keys(), name
        write(name, answer)


def corner(values: Any) -> Any:
    """The first rows and columns: an example of all 128 × 128 would be longer than the rest."""
    return [[row[:6] for row in rows[:3]] for rows in values]


def write(name: str, answer: Any) -> None:
    folder = os.environ.get("GENRESCOPE_EXAMPLES")
    if folder:
        text = json.dumps(answer, ensure_ascii=False) + "\n"
        (Path(folder) / f"{name}.json").write_text(text, encoding="utf-8")
