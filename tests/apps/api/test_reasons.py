"""Why and when, asked of the API."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from genrescope.apps.api.schemas import ExplainedShape, TimelineShape
from genrescope.apps.reasons import plain_timeline
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.classification.timeline import trace
from tests.apps.conftest import MODEL, Served

JAZZ = "jazz_vibe_ace.flac"
COUNTRY = "country_short_1s5.mp3"


def test_an_explanation_sums_to_the_logit(server: Served, samples: Path) -> None:
    query = {"name": JAZZ, "model": MODEL, "method": "cam"}
    sound = (samples / JAZZ).read_bytes()
    answer = server.http.post("/api/v1/explain", params=query, content=sound)
    assert answer.status_code == 200
    plain = answer.json()
    ExplainedShape.model_validate(plain)
    (one,) = plain["explanations"]
    assert (one["source"], one["model"], one["genre"]) == (JAZZ, MODEL, "Jazz")
    rows, columns = np.asarray(one["cells"]).shape[1:]
    assert rows == columns == 4
    assert np.sum(one["by_band"]) / (len(one["band_hz"]) / rows) == pytest.approx(
        np.sum(one["cells"]), abs=1e-3
    )
    assert len(one["by_time"]) == len(one["frame_seconds"])


def test_a_picture_and_a_change(server: Served, samples: Path) -> None:
    sound = (samples / COUNTRY).read_bytes()
    query = {"model": MODEL, "method": "cam", "form": "png"}
    drawn = server.http.post("/api/v1/explain", params=query, content=sound)
    assert drawn.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(drawn.content)) as picture:
        assert picture.width > 1000
    muted: dict[str, Any] = {
        "model": MODEL,
        "method": "cam",
        "genre": "Folk",
        "mute_band": [60, 4000],
    }
    plain = server.http.post("/api/v1/explain", params=muted, content=sound).json()
    ExplainedShape.model_validate(plain)
    before, after = plain["change"]["before"], plain["change"]["after"]
    assert "band-stop" in [notice["code"] for notice in after["notices"]]
    assert "band-stop" not in [notice["code"] for notice in before["notices"]]
    moved = [abs(before["probabilities"][g] - after["probabilities"][g]) for g in ("Folk", "Pop")]
    assert max(moved) > 0
    assert plain["explanations"][0]["genre"] == "Folk"


def test_the_changed_sound_comes_back_and_a_result_says_what_was_done(
    server: Served, samples: Path
) -> None:
    sound = (samples / COUNTRY).read_bytes()
    clean: dict[str, Any] = {"clean_band": [100, 8000], "clean_noise": 12, "clean_trim": True}
    query = {"model": MODEL, "form": "flac", "mute_time": [0.5, 0.9], **clean}
    answer = server.http.post("/api/v1/explain", params=query, content=sound)
    assert answer.headers["content-type"] == "audio/flac"
    heard, rate = soundfile.read(io.BytesIO(answer.content))
    assert heard.ndim == 1
    assert np.abs(heard[round(0.6 * rate) : round(0.8 * rate)]).max() < 1e-3
    plain = server.http.post("/api/v1/classify", params={"model": MODEL, **clean}, content=sound)
    said = [notice["message"] for notice in plain.json()["notices"]]
    assert said[:3] == [
        "cleaned up: silence below -60 dB trimmed at both ends",
        "cleaned up: 100 to 8000 Hz kept (Butterworth, order 4)",
        "cleaned up: noise at -40 dB taken down by 12 dB (FFmpeg afftdn)",
    ]


def test_a_timeline_is_the_librarys(server: Served, samples: Path) -> None:
    query: dict[str, Any] = {"name": JAZZ, "model": MODEL, "every": 2}
    sound = (samples / JAZZ).read_bytes()
    plain = server.http.post("/api/v1/timeline", params=query, content=sound).json()
    TimelineShape.model_validate(plain)
    wanted = plain_timeline(trace(Classifier(load_models([MODEL])), samples / JAZZ, every=2))
    assert plain["steps"] == wanted["steps"]
    assert plain["segments"] == wanted["segments"]
    assert [step["second"] for step in plain["steps"]] == pytest.approx([5, 7, 9], abs=0.1)


@pytest.mark.parametrize(
    ("route", "query", "status", "words"),
    [
        ("explain", {"method": "tea leaves"}, 422, "cam, occlusion"),
        ("explain", {"genre": "Polka", "method": "cam"}, 422, "does not know 'Polka'"),
        ("explain", {"mute_band": [60]}, 422, "two numbers"),
        ("classify", {"clean_band": [60]}, 422, "two numbers"),
        ("timeline", {"clean_band": [0, 60]}, 422, "band to keep"),
        ("classify", {"clean_noise": 1000}, 422, "97 dB"),
        ("explain", {"mute_band": [250, 60]}, 422, "to a greater one"),
        ("explain", {"mute_band": [0, 99999], "method": "cam"}, 422, "nothing is left"),
        ("explain", {"model": "none"}, 404, "no model 'none'"),
        ("timeline", {"every": 0.1}, 422, "every 0.5 to 60 s"),
        ("timeline", {"model": "none"}, 404, "no model 'none'"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(
    server: Served, samples: Path, route: str, query: dict[str, Any], status: int, words: str
) -> None:
    sound = (samples / COUNTRY).read_bytes()
    answer = server.http.post(f"/api/v1/{route}", params=query, content=sound)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
