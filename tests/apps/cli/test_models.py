"""``genrescope models`` over a card that strangers wrote."""

from __future__ import annotations

from pathlib import Path

from tests.apps.cli.conftest import Run


def test_brackets_on_a_card_are_words(run: Run, models: Path) -> None:
    code, out, err = run("models", "show", "hostile")
    assert (code, err) == (0, "")
    assert "look [/tmp/x] and [bold] :warning:\n" in out
    assert "look [/tmp/x] and [bold] :warning:: 3 excerpts, all. Terms: [/none]" in out
    assert "[soul], =1+1" in out


def test_brackets_in_a_name_are_words(run: Run, models: Path) -> None:
    named = models / "[red]mine.onnx"
    (models / "small_mel.onnx").rename(named)
    code, out, _ = run("models", "list")
    assert code == 0
    assert "hostile" in out
    code, out, err = run("models", "verify", str(named))
    assert (code, err) == (0, "")
    assert "[red]mine.onnx: in order" in out
    (models / "[").mkdir()
    code, out, _ = run("models", "index", str(models / "["))
    assert (code, "[/index.json" in out) == (0, True)
