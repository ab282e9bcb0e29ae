"""``genrescope classify`` over names and labels that strangers chose."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import soundfile

from tests.apps.cli.conftest import HOSTILE, Run
from tests.audio.sounds import tone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a sound whose name is a formula."""
    place = tmp_path / "music"
    place.mkdir()
    soundfile.write(place / "=1+1.wav", tone(3, 22050), 22050)
    monkeypatch.chdir(place)
    return place


def test_a_table_does_no_harm_in_a_spreadsheet(run: Run, folder: Path) -> None:
    (folder / "@bad.wav").write_text("no sound")
    names = ("=1+1.wav", "@bad.wav")
    code, out, _ = run("classify", "--csv", "-m", "hostile", *names)
    assert code == 1
    head, *rows = csv.reader(io.StringIO(out))
    assert head[7:] == ["[soul]", "'=1+1", *HOSTILE[2:]]
    assert [row[0] for row in rows] == ["'=1+1.wav", "'@bad.wav"]
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "@", "+")]
    _, out, _ = run("classify", "--json", "-m", "hostile", *names)
    assert [json.loads(line)["source"] for line in out.splitlines()] == list(names)
    assert tuple(json.loads(out.splitlines()[0])["probabilities"]) == HOSTILE


def test_no_name_commands_the_terminal(run: Run, folder: Path) -> None:
    (folder / "\x1b]0;mine\x07.txt").write_text("no sound")
    code, _, err = run("classify", "-m", "small_mel", "=1+1.wav", "\x1b]0;mine\x07.txt")
    assert code == 0
    assert "\x1b" not in err
    assert r"passed over \x1b]0;mine\x07.txt: not a sound" in err
