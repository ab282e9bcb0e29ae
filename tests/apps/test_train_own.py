"""``genrescope train --data`` before the first step: what a person is shown and told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("torchvision", reason="the extra 'train' is not installed")

from genrescope.apps.cli import show
from genrescope.apps.cli.main import app
from tests.learn.own.music import library, write


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")


def train(*arguments: str) -> tuple[int, str, str]:
    """Run the command: exit code, standard output, and standard error with the error's text."""
    show.out.cache_clear()
    show.err.cache_clear()
    result = CliRunner().invoke(app, ["train", *arguments])
    known = result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr + ("" if known else str(result.exception))


def test_labels_are_shown_and_nobody_is_trained_on_unasked(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=5)
    write(folder / "LOW" / "more.wav", "Low", 50)
    runs = tmp_path / "runs"
    code, out, error = train("--data", str(folder), "--runs", str(runs))
    assert code == 2
    assert "say --yes" in error
    assert not out
    assert not runs.exists()
    row = next(line for line in error.splitlines() if line.startswith("Low"))
    assert "6" in row
    assert "3 + 1 songs of unknown" in row
    assert "Low, LOW" in row


def test_what_is_wrong_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=5)
    write(folder / "Tiny" / "one.wav", "Low", 50)
    data = ("--data", str(folder), "--runs", str(tmp_path / "runs"), "--yes")
    assert "Tiny (1); a genre needs 5" in train(*data)[2]
    assert "no model 'nothing_like_it'" in train(*data, "--init", "nothing_like_it")[2]
    assert "no taxonomy 'mine'" in train(*data, "--taxonomy", "mine")[2]
    assert "need a pattern that has {label}" in train(*data, "--labels-from", "name-pattern")[2]
    assert "labels come from one of" in train(*data, "--labels-from", "stars")[2]
    gone = train("--data", str(tmp_path / "gone"), "--yes")
    assert gone[0] == 1
    assert "gone: not there" in gone[2]
    assert not (tmp_path / "runs").exists()


def test_a_recipe_or_music_is_needed(tmp_path: Path) -> None:
    code, _, error = train()
    assert code == 2
    assert "--data" in error
    code, _, error = train(str(tmp_path))
    assert code == 2
    assert "--data" in error


def test_music_in_a_run_of_few_steps(tmp_path: Path) -> None:
    folder = library(tmp_path / "my music!")
    given = ("--data", str(folder), "--runs", str(tmp_path / "runs"), "-o", str(tmp_path), "-y")
    code, _, error = train(*given, "--steps", "2", "--stop-after", "1")
    assert code == 0, error
    assert "the same command goes on" in error
    code, out, error = train(*given, "--steps", "2")
    assert code == 0, error
    assert "going on at step 1" in error
    assert "of 6 test songs" in out
    for name in ("my_music.onnx", "my_music.report.html", "my_music.report.json"):
        assert (tmp_path / name).is_file()
