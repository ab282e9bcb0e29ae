"""Pooling, calibration and agreement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from genrescope.classification.agreement import compare, entropy_bits
from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.pool import pool_logits
from genrescope.types import FloatArray, GenrescopeError, Prediction

LABELS = ("Jazz", "Rock", "Folk", "Metal")
logits = arrays(np.float32, (3, 4), elements=st.floats(-30, 30, width=32))


def predict(row: FloatArray, model: str, labels: tuple[str, ...] = LABELS) -> Prediction:
    shares = apply_temperature(row, 1.0)
    return Prediction(labels, shares, shares[None], (0.0,), model, False)


@given(logits, st.floats(0.1, 10))
def test_temperature_is_a_softmax(rows: FloatArray, temperature: float) -> None:
    expected = softmax(rows.astype(np.float64) / temperature, axis=-1)
    np.testing.assert_allclose(apply_temperature(rows, temperature), expected, atol=1e-6)


def test_pooling() -> None:
    rows = np.array([[1, 2], [3, 6]], dtype=np.float32)
    assert pool_logits(rows).tolist() == [2.0, 4.0]
    with pytest.raises(GenrescopeError, match="no window"):
        pool_logits(rows[:0])
    with pytest.raises(GenrescopeError, match="no number"):
        pool_logits(np.array([[np.nan, 1.0]], dtype=np.float32))


@given(logits)
def test_divergence_is_bounded(rows: FloatArray) -> None:
    together = compare([predict(row, f"m{i}") for i, row in enumerate(rows)])
    assert 0 <= together.divergence <= np.log2(3) + 1e-6
    assert 0 <= together.agreement <= 1
    assert together.mean.sum() == pytest.approx(1, abs=1e-5)
    assert len(together.dissenters) == round(3 * (1 - together.agreement))


def test_one_mind() -> None:
    row = np.array([3, 1, 0, 0], dtype=np.float32)
    together = compare([predict(row, "a"), predict(row, "b")])
    assert together.agreement == 1.0
    assert together.divergence == pytest.approx(0, abs=1e-9)
    assert together.dissenters == ()
    assert together.top(1)[0][0] == "Jazz"


def test_who_dissents() -> None:
    rows = np.array([[9, 0, 0, 0], [9, 0, 0, 0], [0, 0, 0, 9]], dtype=np.float32)
    together = compare([predict(row, name) for row, name in zip(rows, "abc", strict=True)])
    assert together.dissenters == (("c", "Metal"),)
    assert together.agreement == pytest.approx(2 / 3)


def test_label_orders_are_brought_together() -> None:
    row = np.array([9, 0, 0, 1], dtype=np.float32)
    turned = predict(row[::-1].copy(), "b", LABELS[::-1])
    together = compare([predict(row, "a"), turned])
    assert together.labels == LABELS
    assert together.agreement == 1.0
    np.testing.assert_allclose(
        together.predictions[1].probabilities, together.predictions[0].probabilities
    )


def test_other_labels_cannot_be_compared() -> None:
    row = np.zeros(4, dtype=np.float32)
    with pytest.raises(GenrescopeError, match="different labels"):
        compare([predict(row, "a"), predict(row, "b", ("Jazz", "Rock", "Folk", "Polka"))])
    with pytest.raises(GenrescopeError, match="two models"):
        compare([predict(row, "a")])


def test_entropy() -> None:
    assert entropy_bits(np.array([1.0, 0.0])) == 0.0
    assert entropy_bits(np.full(16, 1 / 16)) == pytest.approx(4.0)


def test_prediction_refuses_what_is_no_distribution() -> None:
    with pytest.raises(GenrescopeError, match="not 1"):
        Prediction(
            ("a", "b"), np.ones(2, np.float32), np.ones((1, 2), np.float32), (0.0,), "m", True
        )
    row = np.array([0.5, 0.5], dtype=np.float32)
    with pytest.raises(GenrescopeError, match="one start per window"):
        Prediction(("a", "b"), row, row[None], (), "m", True)
