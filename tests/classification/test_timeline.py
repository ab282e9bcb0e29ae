"""Probabilities over the course of a recording."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from genrescope.audio import Trim
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.classification.timeline import (
    PENALTY,
    change_points,
    find_disagreements,
    lay_out,
    trace,
)
from genrescope.types import Prediction
from tests import onnx_models


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, kind, seed in (("a_mel", "mel", 0), ("b_mel", "mel", 1)):
        onnx_models.write(tmp_path, name, kind, seed)
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    sound = 0.1 * np.random.default_rng(0).standard_normal(22050 * 75).astype(np.float32)
    soundfile.write(path, sound, 22050)
    return path


def test_by_default_the_windows_are_the_classifiers(song: Path) -> None:
    classifier = Classifier(load_models(["a_mel"]))
    whole = classifier.classify(song)
    found = trace(classifier, song)
    assert isinstance(whole, Prediction)
    assert np.array_equal(found.probabilities, whole.per_window)
    assert found.seconds == pytest.approx(np.asarray(whole.window_starts) + 5, abs=0.02)
    assert found.divergence is None
    assert found.segments[0].start == 0
    assert found.segments[-1].end == pytest.approx(75, abs=0.1)


def test_segments_begin_where_the_sound_was_begun(tmp_path: Path) -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal(22050 * 40).astype(np.float32)
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(22050 * 40, np.float32), sound]), 22050)
    classifier = Classifier(load_models(["a_mel"]))
    for found in (
        trace(classifier, path, changes=[Trim()]),
        trace(classifier, path, start=40.0),
        trace(classifier, path, start=30.0, changes=[Trim()]),
    ):
        assert found.segments[0].start == pytest.approx(40, abs=0.2)
        assert found.segments[-1].end == pytest.approx(80, abs=0.2)
        assert all(segment.start < segment.end for segment in found.segments)


def test_every_two_seconds_of_several_models(song: Path) -> None:
    found = trace(Classifier(load_models(["a_mel", "b_mel"])), song, every=2.0)
    assert len(found.seconds) == 33
    assert np.diff(found.seconds) == pytest.approx(2, abs=0.1)
    assert found.per_model.shape == (2, 33, 5)
    mean = np.exp(np.log(found.per_model).mean(axis=0))
    mean /= mean.sum(axis=1, keepdims=True)
    assert found.probabilities == pytest.approx(mean, abs=1e-6)
    assert found.divergence is not None
    assert found.divergence.min() >= 0
    assert found.divergence.max() <= 1
    ends = [segment.end for segment in found.segments]
    assert ends[:-1] == [segment.start for segment in found.segments[1:]]


def told(
    model: str, starts: list[float], rows: NDArray[np.float32], window_seconds: float = 10.0
) -> Prediction:
    labels = tuple("abc"[: rows.shape[1]])
    made = Prediction(labels, rows.mean(axis=0), rows, tuple(starts), model, True, seconds=30.0)
    return replace(made, window_seconds=window_seconds)


def test_windows_of_other_lengths_are_brought_together() -> None:
    from genrescope.classification.agreement import compare

    slow = told("slow", [0, 10, 20], np.eye(3, dtype=np.float32))
    shares = np.repeat(np.eye(3, dtype=np.float32), [4, 3, 3], axis=0)
    fast = told("fast", [3.0 * i for i in range(10)], shares, 3.0)
    found = lay_out(compare([slow, fast]))
    assert found.seconds.tolist() == [5, 15, 25]
    assert found.per_model[0].tolist() == np.eye(3).tolist()
    assert found.per_model[1, 0] == pytest.approx([1, 0, 0], abs=0.3)
    assert [s.genre for s in found.segments] == ["a", "b", "c"]
    assert [s.end for s in found.segments] == [10, 20, 30]


def test_a_stretch_that_fills_the_song_says_what_the_song_does() -> None:
    rows = np.array([[0.9, 0.1], [0.5, 0.5], [0.99, 0.01]], dtype=np.float32)
    found = lay_out(told("m", [0, 10, 20], rows))
    odds = np.exp(np.log(rows / (1 - rows))[:, 0].mean())  # pooled as logits are
    assert [segment.probability for segment in found.segments] == [
        pytest.approx(odds / (1 + odds), abs=1e-5)
    ]


def brute(rows: NDArray[np.float64], weight: float) -> float:
    """The least cost of any cut, without pruning."""
    roots = np.sqrt(rows)
    best = [-PENALTY]
    for end in range(1, len(rows) + 1):
        costs = [
            best[begin] + PENALTY + weight * ((part - part.mean(axis=0)) ** 2).sum()
            for begin in range(end)
            for part in [roots[begin:end]]
        ]
        best.append(min(costs))
    return best[-1]


def cost_of(rows: NDArray[np.float64], cuts: tuple[int, ...], weight: float) -> float:
    parts = np.split(np.sqrt(rows), cuts)
    drift = sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)
    return float(weight * drift + PENALTY * len(cuts))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weight", [1.0, 0.2])
def test_no_cut_is_cheaper(seed: int, weight: float) -> None:
    rows = np.random.default_rng(seed).dirichlet([0.3] * 4, size=25)
    cuts = change_points(rows, weight)
    assert list(cuts) == sorted(set(cuts))
    assert cost_of(rows, cuts, weight) == pytest.approx(brute(rows, weight), abs=1e-9)


def test_one_step_has_no_change_and_ten_hours_are_soon_cut() -> None:
    assert change_points(np.array([[0.5, 0.5]])) == ()
    generator = np.random.default_rng(0)
    rows = np.repeat(generator.dirichlet([0.3] * 16, size=120), 30, axis=0)
    rows = 0.9 * rows + 0.1 * generator.dirichlet([1.0] * 16, size=len(rows))
    cuts = change_points(rows)
    assert 90 <= len(cuts) <= 120
    assert sum(cut % 30 == 0 for cut in cuts) >= 0.9 * len(cuts)


def test_ten_hours_of_one_genre_are_soon_cut() -> None:
    """Where nothing changes nothing is pruned: every other step would be weighed with each."""
    rows = np.tile(np.array([[0.6, 0.3, 0.1]]), (40_000, 1))
    rows[20_000:20_400] = [0.0, 0.0, 1.0]
    cuts = change_points(rows, weight=0.05)
    assert np.asarray(cuts) == pytest.approx([20_000, 20_400], abs=10)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    classifier = Classifier(load_models(["a_mel"]))
    most = []
    for minutes in (1, 4):
        path = tmp_path / f"{minutes}.wav"
        sound = np.random.default_rng(0).standard_normal(22050 * 60).astype(np.float32)
        soundfile.write(path, np.tile(0.1 * sound, minutes), 22050)
        tracemalloc.start()
        trace(classifier, path, every=10.0)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < most[0] + 1_000_000


def test_where_models_pull_apart() -> None:
    from genrescope.classification.agreement import compare

    starts = [10.0 * place for place in range(6)]
    sure, other = np.eye(2, dtype=np.float32)
    half = np.full(2, 0.5, dtype=np.float32)
    first = np.stack([sure] * 6)
    second = np.stack([sure, other, other, half, sure, other])
    both = compare([told("one", starts, first), told("two", starts, second)])
    found = lay_out(both)
    assert find_disagreements(found) == [1, 2, 5, 3]
    assert find_disagreements(found, most=2, least_seconds=15) == [1, 5]
    alone = lay_out(told("one", starts, first))
    assert find_disagreements(alone) == []
