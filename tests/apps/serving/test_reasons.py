"""Timelines and explanations, asked of a studio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.apps.serving import Studio, Watch
from genrescope.apps.serving.reasons import WhenQuestion, ask_course
from genrescope.audio import Trim
from tests import onnx_models
from tests.audio.sounds import tone


def test_a_course_is_drawn_as_it_was_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx_models.write(tmp_path, "a_mel", "mel")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    path = tmp_path / "late.wav"
    silence = np.zeros(5 * 22050, dtype=np.float32)
    soundfile.write(path, np.concatenate([silence, tone(25, 22050)]), 22050)
    question = WhenQuestion(duration=20.0, changes=(Trim(),))
    with Studio(["a_mel"]) as studio:
        studio.start()
        asked = ask_course(studio, path, question, label="late", watch=Watch())
        found, overview = asked.result(240)
    assert found.predictions[0].seconds == pytest.approx(15.05, abs=0.05)
    assert len(overview.peaks) * overview.column_seconds == pytest.approx(15.05, abs=0.05)
