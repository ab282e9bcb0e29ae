"""Cards, predictions and the other results refuse what makes no sense."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from genrescope.types import (
    CARD_FORMAT,
    GENRESCOPE_MEL,
    CardError,
    Comparison,
    Explanation,
    FloatArray,
    GenrescopeError,
    MissingExtraError,
    ModelCard,
    PictureSpec,
    Prediction,
    Report,
    Score,
    Spectrogram,
)

LABELS = ("Jazz", "Rock", "Folk")
CARD = ModelCard("small", "net", GENRESCOPE_MEL, PictureSpec(), LABELS)
SCORE = Score("made up", "test", "top1", 0.5, 0.4, 0.6, 10)


def shares(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float32)


def predict(row: FloatArray, per_window: FloatArray | None = None) -> Prediction:
    rows = row[None] if per_window is None else per_window
    return Prediction(LABELS, row, rows, (0.0,) * len(rows), "small", False)


def test_the_most_probable_come_first_and_ties_stay_in_order() -> None:
    prediction = predict(shares(0.25, 0.5, 0.25))
    assert prediction.top(3) == (("Rock", 0.5), ("Jazz", 0.25), ("Folk", 0.25))
    assert prediction.top(1) == prediction.top()[:1]
    assert prediction.top(0) == prediction.top(-1) == ()
    assert len(prediction.top(99)) == 3


@pytest.mark.parametrize(
    ("row", "per_window", "words"),
    [
        (shares(0.5, 0.5), None, "one probability per label"),
        (shares(0.5, 0.5, 0.5), None, "not 1"),
        (shares(math.nan, 0.5, 0.5), None, "not 1"),
        (shares(-0.5, 1.0, 0.5), None, "negative"),
        (np.array([0.5, 0.25, 0.25]), None, "float32"),
        (shares(0.5, 0.25, 0.25), shares(0.5, 0.5)[None], r"per_window must be \(n, 3\)"),
        (shares(0.5, 0.25, 0.25), shares(0.5, 0.25, 0.25), r"per_window must be \(n, 3\)"),
    ],
)
def test_what_is_no_prediction(row: FloatArray, per_window: FloatArray | None, words: str) -> None:
    with pytest.raises(GenrescopeError, match=words):
        predict(row, per_window)


def test_what_is_no_comparison() -> None:
    one = predict(shares(0.5, 0.25, 0.25))
    with pytest.raises(GenrescopeError, match="two models"):
        Comparison((one,), one.probabilities, 1.0, 0.0, 1.5, ())
    with pytest.raises(GenrescopeError, match="one mean per label"):
        Comparison((one, one), shares(1.0), 1.0, 0.0, 1.5, ())
    both = Comparison((one, one), one.probabilities, 1.0, 0.0, 1.5, ())
    assert both.labels == LABELS
    assert both.top(1) == (("Jazz", 0.5),)


def explain(evidence: FloatArray, label: str = "Jazz") -> Explanation:
    values = np.zeros((GENRESCOPE_MEL.bands, 2), dtype=np.float32)
    spectrogram = Spectrogram(values, GENRESCOPE_MEL, np.ones(128, dtype=np.float32))
    said = predict(shares(0.25, 0.5, 0.25))
    bands, frames = evidence.sum(axis=1), evidence.sum(axis=0)
    return Explanation(
        label, "cam", evidence, bands, frames, evidence[None], 0.0, spectrogram, said
    )


def test_an_explanation_is_of_numbers_on_a_spectrogram() -> None:
    evidence = np.full((128, 2), -1, dtype=np.float32)
    evidence[3, 1] = 2
    one = explain(evidence)
    assert one.probability == 0.25
    assert one.heat.sum() == one.heat[3, 1] == 2
    for wrong in (evidence[:3], np.full_like(evidence, math.nan)):
        with pytest.raises(GenrescopeError, match="evidence"):
            explain(wrong)
    with pytest.raises(GenrescopeError, match="Polka"):
        explain(evidence, "Polka")


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.7), (0.1, 0.4), (math.nan, 0.6)])
def test_a_score_lies_in_its_interval(low: float, high: float) -> None:
    assert replace(SCORE, low=0.5, high=0.5).value == 0.5
    with pytest.raises(CardError, match="off its interval"):
        replace(SCORE, low=low, high=high)


@pytest.mark.parametrize(
    "changes",
    [
        {"height": 0},
        {"channels": 2},
        {"channels": 3},
        {"mean": ()},
        {"std": (0.0,)},
        {"std": (math.nan,)},
        {"mean": (math.inf,)},
    ],
    ids=str,
)
def test_what_is_no_picture(changes: dict[str, object]) -> None:
    with pytest.raises(CardError):
        replace(PictureSpec(), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "names its model"),
        ({"network": ""}, "names its model"),
        ({"labels": ("Jazz",)}, "two labels"),
        ({"labels": ("Jazz", "Rock", "Jazz")}, "twice"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"temperature": math.inf}, "temperature"),
        ({"format_version": CARD_FORMAT + 1}, "newer Genrescope"),
    ],
    ids=str,
)
def test_what_is_no_card(changes: dict[str, object], words: str) -> None:
    with pytest.raises(CardError, match=words):
        replace(CARD, **changes)  # type: ignore[arg-type]


def test_a_report_finds_its_score() -> None:
    table = np.zeros((3, 3), dtype=np.int64)
    report = Report("small", "made up", "test", 10, (SCORE,), LABELS, table)
    assert report.score("top1") is SCORE
    with pytest.raises(KeyError, match="top9"):
        report.score("top9")


def test_a_missing_part_says_how_to_get_it() -> None:
    error = MissingExtraError("training", "train")
    assert isinstance(error, GenrescopeError)
    assert str(error) == (
        "training needs the optional part 'train': uv sync --extra train, or "
        "pip install '.[train]', in a checkout of Genrescope"
    )


@pytest.mark.parametrize(
    ("starts", "seconds", "unseen"),
    [
        ((0.0, 10.0), 25.0, 5.0),
        ((5.0, 15.0), 20.0, 0.0),  # of a stretch that begins at 5 s
        ((0.0, 2.0, 4.0), 14.0, 0.0),  # they overlap
        ((10.0,), 30.0, 20.0),  # only the middle one
        ((0.0,), 3.0, 0.0),  # shorter than a window
    ],
)
def test_what_lies_in_no_window(starts: tuple[float, ...], seconds: float, unseen: float) -> None:
    row = np.array([0.25, 0.75], dtype=np.float32)
    rows = np.tile(row, (len(starts), 1))
    made = Prediction(("a", "b"), row, rows, starts, "m", True, seconds=seconds)
    assert made.unseen_seconds == 0  # nobody said how long a window is
    assert replace(made, window_seconds=10.0).unseen_seconds == pytest.approx(unseen)
