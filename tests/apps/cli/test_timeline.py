"""``genrescope timeline -o``: picture and course are of one stretch of one sound."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.apps.cli.conftest import HOSTILE, Run

RATE = 22050


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """Five seconds of silence and twenty-five of a tone."""
    path = tmp_path / "late.wav"
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(25 * RATE) / RATE)
    soundfile.write(path, np.concatenate([np.zeros(5 * RATE), tone]), RATE)
    return path


def drawn_in(report: Path) -> tuple[dict[str, Any], np.ndarray]:
    """What a report tells of the course, and the peaks of the waveform in it."""
    text = report.read_text(encoding="utf-8")
    course = json.loads(text.partition("const told = ")[2].partition(";\n")[0])["course"]
    return course, np.frombuffer(base64.b64decode(course["peaks"]), np.int8).reshape(-1, 2)


def test_the_picture_shows_the_part_that_was_followed(run: Run, late: Path, tmp_path: Path) -> None:
    report = tmp_path / "course.html"
    part = ("--start", "2", "--duration", "20")
    assert run("timeline", str(late), "-m", "small_mel", *part, "-o", str(report))[0] == 0
    course, peaks = drawn_in(report)
    seconds = course["columns"] * course["column"]
    assert (course["start"], course["end"]) == (2, 22)
    assert seconds == pytest.approx(20, abs=0.05)
    loud = int(np.flatnonzero(peaks[:, 1] > 20)[0]) * course["column"]
    assert course["start"] + loud == pytest.approx(5, abs=0.05)


def test_the_picture_shows_the_cleaned_sound(run: Run, late: Path, tmp_path: Path) -> None:
    report = tmp_path / "course.html"
    cleaned = ("--clean-trim", "--clean-band", "5000", "8000", "--duration", "20")
    assert run("timeline", str(late), "-m", "small_mel", *cleaned, "-o", str(report))[0] == 0
    course, peaks = drawn_in(report)
    assert course["columns"] * course["column"] == pytest.approx(15, abs=0.1)
    assert np.abs(peaks[20:]).max() < 20  # the tone lies below the band that is kept


def test_tables_do_no_harm_in_a_spreadsheet(run: Run, late: Path, tmp_path: Path) -> None:
    table = tmp_path / "course.csv"
    assert run("timeline", str(late), "-m", "hostile", "-o", str(table))[0] == 0
    rows = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert rows[0][3:] == ["[soul]", "'=1+1", *HOSTILE[2:]]
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
