"""What people read of results and errors, whatever the words in it."""

from __future__ import annotations

import numpy as np
import pytest

from genrescope.apps.cli import show
from genrescope.classification.agreement import compare
from genrescope.types import Prediction

LABELS = ("[soul]", "[/b]", "Jazz")


def prediction(model: str, *shares: float) -> Prediction:
    row = np.array(shares, dtype=np.float32)
    return Prediction(LABELS, row, row[None], (0.0,), model, True, "a.mp3", 12.0)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    show.out.cache_clear()
    show.err.cache_clear()


def test_brackets_in_labels_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    both = [prediction("[one]", 0.6, 0.2, 0.2), prediction("[/two]", 0.2, 0.1, 0.7)]
    show.show_comparison(compare(both), 3, timeline=True)
    said = capsys.readouterr().out
    assert "[one] says [soul]" in said
    lines = [line.split()[:1] for line in said.splitlines()]
    assert lines.count(["[one]"]) == lines.count(["[/two]"]) == 2  # in the table, and by window
    assert "[/b]" in said


def test_errors_and_remarks_are_said_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show.complain("no [bold] file [/x]\\")
    show.remark("[dim] there [/]")
    said = capsys.readouterr().err
    assert said == "genrescope: no [bold] file [/x]\\\n[dim] there [/]\n"
