"""The command as its own process would run, with small models alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genrescope.apps.cli import show
from genrescope.apps.cli.main import app
from genrescope.models import save_model
from genrescope.types import TrainingSource
from tests import onnx_models

Run = Callable[..., tuple[int, str, str]]
HOSTILE = ("[soul]", "=1+1", "Folk", "[/b]", "Blues")
"""Labels that are markup to one program, and a formula to another."""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two small models, one of which has hostile labels; no other is found."""
    folder = tmp_path / "models"
    folder.mkdir()
    onnx_models.write(folder, "small_mel", "mel")
    words = "look [/tmp/x] and [bold] :warning:"
    source = TrainingSource(words, "[/none]", "all", 3)
    card = onnx_models.card("hostile", labels=HOSTILE, description=words, training=(source,))
    save_model(onnx_models.graph(1), card, folder / "hostile.onnx")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(folder))
    monkeypatch.setattr("genrescope.models.places.installed_folder", lambda: tmp_path / "none")
    return folder


@pytest.fixture
def run(models: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command: exit code, standard output, and standard error with the error's text."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")

    def command(*arguments: str) -> tuple[int, str, str]:
        show.out.cache_clear()
        show.err.cache_clear()
        result = CliRunner().invoke(app, list(arguments))
        known = result.exception is None or isinstance(result.exception, SystemExit)
        message = "" if known else str(result.exception)
        return result.exit_code, result.stdout, result.stderr + message

    return command
