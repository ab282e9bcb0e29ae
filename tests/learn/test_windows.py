"""A data set's excerpt is looked at through the windows that a recording would be cut into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio.cut import spans
from genrescope.learn.evaluation import excerpt_logits, window_columns
from genrescope.types import GENRESCOPE_MEL, FloatArray

FRAMES, HOP = GENRESCOPE_MEL.frames, GENRESCOPE_MEL.hop_length


def cut_columns(samples: int) -> tuple[int, ...]:
    """First columns of the windows that the audio cutter makes of so many samples."""
    sound = np.zeros(samples, dtype=np.float32)
    hop_seconds = HOP / GENRESCOPE_MEL.sample_rate
    return tuple(
        round(start / hop_seconds)
        for span in spans([sound], GENRESCOPE_MEL)
        for start in span.window_starts(GENRESCOPE_MEL)
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 900))
def test_as_the_cutter_cuts(columns: int) -> None:
    assert window_columns(columns, FRAMES) == cut_columns(columns * HOP)


@pytest.mark.parametrize("columns", [383, 384, 387])
def test_thirty_seconds_are_three_windows(columns: int) -> None:
    """Collections count the columns of 30 s a little differently; none loses its last third."""
    ours, cut = window_columns(columns, FRAMES), cut_columns(30 * GENRESCOPE_MEL.sample_rate)
    assert len(ours) == len(cut) == 3
    assert np.abs(np.subtract(ours, cut)).max() <= 2


def test_a_short_excerpt_is_repeated() -> None:
    seen: list[FloatArray] = []

    def infer(windows: FloatArray) -> FloatArray:
        seen.append(windows)
        return np.asarray(windows.mean(axis=2))

    picture = np.arange(2 * 50, dtype=np.uint8).reshape(1, 2, 50)
    excerpt_logits(infer, picture, FRAMES)
    expected = np.resize(np.arange(50), FRAMES) / 255
    assert seen[0].shape == (1, 2, FRAMES)
    np.testing.assert_allclose(seen[0][0, 0], expected, rtol=1e-6)


def test_every_excerpt_is_the_mean_of_its_own_windows() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (37, 4, 383)).astype(np.uint8)

    def infer(windows: FloatArray) -> FloatArray:
        return np.asarray(windows.max(axis=2))

    given_rows = excerpt_logits(infer, pictures, FRAMES)
    unit = pictures.astype(np.float32) / 255
    cuts = [unit[:, :, s : s + FRAMES].max(axis=2) for s in window_columns(383, FRAMES)]
    np.testing.assert_allclose(given_rows, np.mean(cuts, axis=0), rtol=1e-6)
