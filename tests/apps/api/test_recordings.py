"""Recordings sent to the API, and what comes back."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genrescope.apps.api.schemas import ComparisonShape, PictureShape, PredictionShape
from genrescope.apps.api.schemas import SpectrogramShape as Drawn
from genrescope.apps.results import to_plain
from genrescope.apps.serving.uploads import LABEL_LENGTH
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from tests.apps.conftest import MODEL, Served

JAZZ = "jazz_vibe_ace.flac"


@lru_cache
def loaded(models: tuple[str, ...]) -> Classifier:
    return Classifier(load_models(models))


def plainly(path: Path, models: tuple[str, ...] = (MODEL,), **how: Any) -> dict[str, Any]:
    """What the library says, named as the server names it."""
    plain = to_plain(loaded(models).classify(path), **how)
    for entry in (plain, *plain.get("models", ())):
        entry["source"] = path.name
    return plain


@pytest.mark.parametrize(
    "name",
    [JAZZ, "latin_casa_bossa_nova.m4a", "blues_black_bass.ogg", "country_short_1s5.mp3"],
)
def test_a_form_and_a_body_give_what_the_library_gives(
    server: Served, samples: Path, name: str
) -> None:
    path = samples / name
    wanted = plainly(path)
    form = server.http.post("/api/v1/classify", files={"file": (name, path.read_bytes())})
    assert (form.status_code, form.json()) == (200, wanted)
    query = {"name": name, "model": MODEL}
    body = server.http.post("/api/v1/classify", params=query, content=path.read_bytes())
    assert body.json() == wanted
    PredictionShape.model_validate(wanted)
    assert "work;dur=" in form.headers["server-timing"]


def test_timeline_top_and_stretch(server: Served, samples: Path) -> None:
    sound = (samples / JAZZ).read_bytes()
    query = {"name": JAZZ, "timeline": "true", "top": "3", "start": "2", "duration": "11"}
    plain = server.http.post("/api/v1/classify", params=query, content=sound).json()
    shares = list(plain["probabilities"].values())
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    assert plain["seconds"] == pytest.approx(11, abs=0.01)
    assert [window["start"] for window in plain["timeline"]] == [2.0]
    PredictionShape.model_validate(plain)


def test_compare(server: Served, samples: Path) -> None:
    path = samples / JAZZ
    names = (MODEL, "mobilenetv3_cqt")
    plain = server.http.post(
        "/api/v1/compare", params={"model": names}, files={"file": (JAZZ, path.read_bytes())}
    ).json()
    assert plain == plainly(path, names)
    ComparisonShape.model_validate(plain)
    alone = server.http.post("/api/v1/compare", params={"model": MODEL}, content=b"x")
    assert (alone.status_code, alone.json()["detail"]) == (422, "a comparison needs two models")


def test_spectrograms_in_every_form(server: Served, samples: Path) -> None:
    def drawn(**query: Any) -> Any:
        sound = (samples / JAZZ).read_bytes()
        answer = server.http.post("/api/v1/spectrogram", params=query, content=sound)
        assert answer.status_code == 200, answer.text
        return answer

    array = np.load(io.BytesIO(drawn(form="npy", kind="cqt", duration=3).content))
    assert array.shape == (84, 1 + 3 * 22050 // 512)
    plain = drawn(form="json", duration=3, name=JAZZ).json()
    Drawn.model_validate(plain)
    assert (plain["source"], plain["whole"], len(plain["values"])) == (JAZZ, True, 128)
    assert len(plain["frame_seconds"]) == len(plain["values"][0])
    with Image.open(io.BytesIO(drawn(duration=3).content)) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
    seen = np.load(io.BytesIO(drawn(form="npy", picture="true", model=MODEL).content))
    assert seen.shape == (1, 128, 128)
    text = drawn(form="json", picture="true").json()
    PictureShape.model_validate(text)
    np.testing.assert_allclose(np.array(text["values"]), seen, atol=1e-5)
    with Image.open(io.BytesIO(drawn(picture="true").content)) as picture:
        assert picture.size == (128, 128)


def test_a_drawing_too_large_is_refused_before_it_is_sent(server: Served) -> None:
    query = {"hop": 16, "duration": 100}
    answer = server.http.post("/api/v1/spectrogram", params=query, content=b"")
    assert answer.status_code == 422
    assert "larger hop" in answer.json()["detail"]


HOSTILE = {
    "../../x": "x",
    "C:\\Windows\\win.ini": "win.ini",
    "two\nlines.mp3": "two\\nlines.mp3",
    '"><script>alert(1)</script>.mp3': "script>.mp3",
    "nul\x00.mp3": "nul\\x00.mp3",
    "\u202egnp.exe": "\\u202egnp.exe",
    "\x1b[2J.wav": "\\x1b[2J.wav",
    "..": "upload",
    "": "upload",
    "日本.mp3": "日本.mp3",
}


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 4000], ids=lambda n: ascii(n)[:20])
def test_names_are_labels_and_nothing_else(
    server: Served, samples: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    sound = (samples / "country_short_1s5.mp3").read_bytes()
    answer = server.http.post("/api/v1/classify", params={"name": name}, content=sound)
    source = answer.json()["source"]
    assert source == HOSTILE.get(name, source)
    assert len(source) <= LABEL_LENGTH
    assert source.isprintable()
    assert not any(c in record.getMessage() for record in caplog.records for c in "\n\x1b\x00")
    boundary = b'--b\r\nContent-Disposition: form-data; name=file; filename="'
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "%0A")
    form = boundary + quoted.encode() + b'"\r\n\r\n' + sound + b"\r\n--b--\r\n"
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    again = server.http.post("/api/v1/classify", content=form, headers=head)
    assert again.status_code in (200, 400)
    assert b"../" not in again.content


NOT_SOUNDS = {
    "pdf.mp3": b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 200,
    "page.wav": b"<!doctype html><script>alert(1)</script>" * 50,
    "noise.flac": bytes(range(256)) * 64,
    "header.wav": b"RIFF\xff\xff\xff\xffWAVEfmt ",
}


@pytest.mark.parametrize("name", NOT_SOUNDS)
def test_what_is_no_sound(server: Served, name: str) -> None:
    sent = {"file": (name, NOT_SOUNDS[name])}
    answer = server.http.post("/api/v1/classify", files=sent)
    plain = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert plain["type"] == "/api/v1/problems/not-a-sound"
    assert plain["detail"].startswith(f"{name}: not a sound file that can be read")
    assert "/tmp" not in plain["detail"]


def test_an_empty_body_and_a_truncated_file(server: Served, samples: Path) -> None:
    for how in ({"content": b""}, {"files": {"file": ("upload", b"")}}):
        answer = server.http.post("/api/v1/classify", **how)
        assert answer.status_code == 422
        assert answer.json()["detail"] == "upload: the file is empty (0 bytes)"
    whole = (samples / JAZZ).read_bytes()
    cut = server.http.post("/api/v1/classify", content=whole[: len(whole) // 2])
    assert cut.status_code == 200
    assert "truncated" in [notice["code"] for notice in cut.json()["notices"]]
