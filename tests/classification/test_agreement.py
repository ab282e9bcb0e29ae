"""Several opinions over one recording, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genrescope.classification.agreement import compare, entropy_bits, weigh
from genrescope.classification.calibrate import apply_temperature
from genrescope.types import FloatArray, Notice, Prediction

LABELS = ("Jazz", "Rock", "Folk", "Metal", "Blues")
rows = arrays(np.float32, len(LABELS), elements=st.floats(-80, 80, width=32))


def predict(row: FloatArray, model: str, order: list[int] | None = None) -> Prediction:
    places = list(range(len(LABELS))) if order is None else order
    shares = apply_temperature(row, 1.0)[places]
    labels = tuple(LABELS[i] for i in places)
    notice = Notice("short", "It is short.", 1.0)
    return Prediction(
        labels, shares, shares[None], (2.5,), model, True, "song.mp3", 12.0, (notice,)
    )


@given(rows, st.integers(2, 5))
def test_the_same_opinion_many_times(row: FloatArray, count: int) -> None:
    together = compare([predict(row, f"m{i}") for i in range(count)])
    assert together.agreement == 1.0
    assert together.dissenters == ()
    assert together.divergence == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(together.mean, together.predictions[0].probabilities, atol=1e-7)


@given(st.lists(rows, min_size=2, max_size=5))
def test_divergence_lies_between_none_and_its_most(opinions: list[FloatArray]) -> None:
    together = compare([predict(row, f"m{i}") for i, row in enumerate(opinions)])
    assert 0 <= together.divergence <= np.log2(len(opinions)) + 1e-5
    arithmetic = np.mean([one.probabilities for one in together.predictions], axis=0)
    assert together.divergence <= entropy_bits(arithmetic) + 1e-5
    assert together.mean.sum() == pytest.approx(1, abs=1e-5)
    assert together.entropy <= np.log2(len(LABELS)) + 1e-5
    assert together.agreement == pytest.approx(1 - len(together.dissenters) / len(opinions))


def test_the_mean_is_of_logits() -> None:
    logits = np.random.default_rng(0).normal(size=(3, len(LABELS))).astype(np.float32)
    together = compare([predict(row, f"m{i}") for i, row in enumerate(logits)])
    np.testing.assert_allclose(together.mean, apply_temperature(logits.mean(axis=0), 1), atol=1e-6)


def test_nobody_rules_a_genre_out() -> None:
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.4], [0.0, 0.6, 0.4]])
    weighed = weigh(sure)
    assert weighed.mean.argmax() == 1
    assert (weighed.mean > 0).all()
    assert np.array_equal(weigh(sure[:1]).mean, sure[0])


def test_opposite_certainties_diverge_as_far_as_can_be() -> None:
    certain = np.eye(len(LABELS), dtype=np.float32)[:4] * 1000
    together = compare([predict(row, f"m{i}") for i, row in enumerate(certain)])
    assert together.divergence == pytest.approx(2.0)
    assert together.agreement == 0.25


@given(st.lists(rows, min_size=2, max_size=3), st.permutations(range(len(LABELS))))
def test_the_order_of_labels_changes_nothing(opinions: list[FloatArray], order: list[int]) -> None:
    plain = compare([predict(row, f"m{i}") for i, row in enumerate(opinions)])
    turned = compare(
        [predict(row, f"m{i}", order if i else None) for i, row in enumerate(opinions)]
    )
    assert turned.labels == LABELS
    assert np.array_equal(turned.mean, plain.mean)
    assert (turned.divergence, turned.dissenters) == (plain.divergence, plain.dissenters)
    for one, other in zip(turned.predictions, plain.predictions, strict=True):
        assert np.array_equal(one.per_window, other.per_window)
        assert (one.source, one.seconds, one.calibrated, one.window_starts, one.notices) == (
            other.source, other.seconds, other.calibrated, other.window_starts, other.notices,
        )  # fmt: skip
