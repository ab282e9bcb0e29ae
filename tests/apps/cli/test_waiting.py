"""The progress bar of one recording after another."""

from __future__ import annotations

import pytest

from genrescope.apps.cli import show, waiting
from genrescope.apps.cli.waiting import Waiting


def test_no_name_commands_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(show, "is_terminal", lambda: True)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "160")
    show.err.cache_clear()
    with Waiting(1) as bar:
        bar.begin("\x1b]0;mine\x07.mp3")
        bar.hear(1.0, 2.0)
    show.err.cache_clear()
    said = capsys.readouterr().err
    assert r"1/1 \x1b]0;mine\x07.mp3" in said
    assert "\x1b]0;" not in said
