"""What a run wrote down becomes a page of curves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from genrescope.learn.curves import CURVES, write_curves
from genrescope.learn.logbook import LOG, read_logbook


def line(step: int, loss: float, pixels: int = 64, **valid: float) -> str:
    top1 = {f"{name} top1": share for name, share in valid.items()}
    return json.dumps({"step": step, "loss": loss, "pixels": pixels, "seconds": 1.5, **top1})


def with_rate(plain: str, rate: float) -> str:
    return json.dumps({**json.loads(plain), "rate": rate})


def test_the_log_of_a_run_that_was_killed_is_read_as_it_was_taken_last(tmp_path: Path) -> None:
    lines = [line(1, 3.0), line(2, 2.9), line(3, 9.9), line(2, 2.8), with_rate(line(3, 2.7), 0.5)]
    lines += ['{"step": 4, "lo', "[]", line(4, float("nan")), line(4, 2.6, gtzan=0.25)]
    (tmp_path / LOG).write_text("\n".join(lines), encoding="utf-8")
    found = read_logbook(tmp_path / LOG)
    assert [(one.step, one.loss) for one in found] == [(1, 3.0), (2, 2.8), (3, 2.7), (4, 2.6)]
    assert [one.rate for one in found] == [None, None, 0.5, None]
    assert found[-1].valid == {"gtzan": 0.25}


def test_curves_show_loss_stages_validation_and_rate(tmp_path: Path) -> None:
    lines = [line(step, 3 - step / 50, 64 if step <= 50 else 96) for step in range(100)]
    lines[50] = line(50, 2.0, 64, **{"real": 0.3, "a<b": 0.2})
    lines.append(line(100, 1.0, 96, **{"real": 0.4, "a<b": 0.4}))
    lines = [with_rate(one, 1e-3) for one in lines]
    (tmp_path / LOG).write_text("\n".join(lines[1:]), encoding="utf-8")
    assert write_curves(tmp_path) == tmp_path / CURVES
    text = (tmp_path / CURVES).read_text(encoding="utf-8")
    drawings = re.findall(r"<svg.*?</svg>", text)
    assert len(drawings) == 3
    for title in ("Loss by step", "Top-1 on validation songs", "Learning rate by step"):
        assert f"aria-label='{title}'" in text
    assert "96 px" in drawings[0]
    assert drawings[0].count("class=mark") == 1
    assert "real, step 100: 40 %" in drawings[1]
    assert "a&lt;b" in text
    assert "a<b" not in text
    assert not re.search(r"(src|href)=|https?://|<script", text)


def test_svg_lies_within_its_box(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("\n".join(line(s, 2.0) for s in range(1, 4)), encoding="utf-8")
    write_curves(tmp_path)
    text = (tmp_path / CURVES).read_text(encoding="utf-8")
    for path in re.findall(r"<path d='([^']*)'", text):
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path):
            assert 0 <= float(x) <= 900
            assert 0 <= float(y) <= 300
    assert "Not measured yet" in text


@pytest.mark.parametrize("log", [None, "", "nonsense\n"])
def test_nothing_is_drawn_of_nothing(log: str | None, tmp_path: Path) -> None:
    if log is not None:
        (tmp_path / LOG).write_text(log, encoding="utf-8")
    assert write_curves(tmp_path) is None
    assert not (tmp_path / CURVES).exists()
