"""Figures against scikit-learn's, and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from genrescope.classification.calibrate import apply_temperature
from genrescope.learn import metrics, reliability
from genrescope.learn.scaling import fit_scaling, fit_temperature
from genrescope.types import FloatArray


def drawn(n: int = 300, genres: int = 6, seed: int = 0) -> tuple[FloatArray, NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    logits = generator.standard_normal((n, genres)).astype(np.float32) * 2
    shares = apply_temperature(logits, 1.0)
    truth = np.array([generator.choice(genres - 1, p=row[:-1] / row[:-1].sum()) for row in shares])
    return shares, truth


def test_against_scikit_learn() -> None:
    p, truth = drawn()
    every = np.arange(6)
    chosen = p.argmax(axis=1)
    assert metrics.top_k(p, truth, 1) == pytest.approx(reference.accuracy_score(truth, chosen))
    for k in (1, 3):
        theirs = reference.top_k_accuracy_score(truth, p, k=k, labels=every)
        assert metrics.top_k(p, truth, k) == pytest.approx(theirs)
    present = sorted(set(truth))
    f1 = reference.f1_score(truth, chosen, labels=present, average="macro")
    assert metrics.macro_f1(p, truth) == pytest.approx(f1)
    recall = reference.recall_score(truth, chosen, labels=present, average="macro")
    assert metrics.macro_recall(p, truth) == pytest.approx(recall)
    assert metrics.nll(p, truth) == pytest.approx(
        reference.log_loss(truth, p, labels=every), abs=1e-5
    )
    table = reference.confusion_matrix(truth, chosen, labels=every)
    assert np.array_equal(metrics.confusion(p, truth), table)


def test_calibration_error_bin_by_bin() -> None:
    p, truth = drawn()
    sure, right = p.max(axis=1), p.argmax(axis=1) == truth
    total = 0.0
    for low in np.arange(15) / 15:
        inside = (sure >= low) & (sure < low + 1 / 15)
        if inside.any():
            total += inside.sum() * abs(float(sure[inside].mean()) - float(right[inside].mean()))
    assert reliability.ece(p, truth) == pytest.approx(total / len(truth), abs=1e-6)


def test_calibration_error_by_chance_is_what_true_probabilities_show() -> None:
    generator = np.random.default_rng(5)
    p = generator.dirichlet(np.full(4, 0.6), 150).astype(np.float32)
    shown = []
    for _ in range(300):
        truth = np.array([generator.choice(4, p=row / row.sum()) for row in p.astype(np.float64)])
        shown.append(reliability.ece(p, truth))
    mean, low, high = reliability.ece_by_chance(p)
    assert mean == pytest.approx(np.mean(shown), rel=0.05)
    assert (low, high) == pytest.approx(np.percentile(shown, (2.5, 97.5)), rel=0.15)


def test_macro_recall_leaves_thin_genres_out() -> None:
    p = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    truth = np.array([0, 0, 2, 2])
    assert metrics.macro_recall(p, truth, least=2) == pytest.approx(0.75)
    assert metrics.macro_recall(p, truth, least=3) == 0.0


def test_the_interval_of_macro_recall_is_of_the_same_genres() -> None:
    """Eight songs of a genre are seven in many a resample; it must not drop out of those."""
    truth = np.array([0] * 8 + [1] * 3 + [2] * 3)
    right = metrics.measure(np.eye(3, dtype=np.float32)[truth], truth, "made up", "test")
    recall = {score.metric: score for score in right}["macro_recall8"]
    assert (recall.low, recall.value, recall.high) == (1.0, 1.0, 1.0)


def test_intervals_hold_the_figure_and_repeat() -> None:
    p, truth = drawn(80)
    first = metrics.measure(p, truth, "made up", "test", draws=200)
    assert first == metrics.measure(p, truth, "made up", "test", draws=200)
    assert {score.metric for score in first} == {*metrics.KEPT_METRICS, "nll"}
    for score in first:
        assert score.low <= score.value <= score.high
        assert score.n == 80


@pytest.mark.parametrize("wanted", [0.6, 1.0, 2.5])
def test_a_known_temperature_is_found(wanted: float) -> None:
    generator = np.random.default_rng(3)
    logits = generator.standard_normal((6000, 8)).astype(np.float32) * 2
    shares = apply_temperature(logits, 1.0)
    truth = np.array([generator.choice(8, p=row / row.sum()) for row in shares.astype(float)])
    found = fit_temperature([(logits * np.float32(wanted), truth)])
    assert found == pytest.approx(wanted, rel=0.08)


@pytest.mark.parametrize("ties", [1, 1000])
def test_area_under_the_curve(ties: int) -> None:
    generator = np.random.default_rng(3)
    positives = np.round(generator.normal(0.5, 1, 80) * ties) / ties
    negatives = np.round(generator.normal(0, 1, 50) * ties) / ties
    truth = np.repeat([1, 0], [80, 50])
    theirs = reference.roc_auc_score(truth, np.concatenate([positives, negatives]))
    assert metrics.auroc(positives, negatives) == pytest.approx(theirs)


def test_a_known_bias_and_temperature_are_found() -> None:
    generator = np.random.default_rng(3)
    true = generator.standard_normal((4000, 4)) * 2
    wanted = np.array([1.0, -0.5, 0.0, -0.5])
    chances = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    truth = np.array([generator.choice(4, p=row) for row in chances])
    given = ((true - wanted) * 2.5).astype(np.float32)
    temperature, bias = fit_scaling([(given, truth)])
    assert temperature == pytest.approx(2.5, rel=0.08)
    np.testing.assert_allclose(bias / temperature, wanted, atol=0.12)


def test_few_songs_say_little_of_biases() -> None:
    generator = np.random.default_rng(4)
    logits = generator.standard_normal((6, 3)).astype(np.float32)
    temperature, bias = fit_scaling([(logits, np.array([0, 0, 0, 0, 0, 1]))])
    assert 0.2 <= temperature <= 5
    assert np.abs(bias / temperature).max() < 0.5
