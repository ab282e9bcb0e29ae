"""Power to decibels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.spectrogram.decibels import LEAST_POWER, to_decibels

powers = st.lists(st.floats(0.0, 1e6, width=32), min_size=1, max_size=20)


@given(powers, st.sampled_from([40.0, 80.0, 120.0]))
def test_between_the_floor_and_zero(power: list[float], reach: float) -> None:
    drawn = to_decibels(np.array(power, dtype=np.float32), reach)
    assert drawn.dtype == np.float32
    assert drawn.min() >= -reach
    assert drawn.max() == (0.0 if max(power) > LEAST_POWER else -reach)


def test_as_librosa() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa is the reference of these tests")
    power = np.geomspace(1e-12, 1e4, 50).astype(np.float32)
    theirs = librosa.power_to_db(power, ref=np.max, top_db=80.0)
    np.testing.assert_allclose(to_decibels(power, 80.0), theirs, atol=1e-4)


def test_silence_is_the_floor() -> None:
    assert to_decibels(np.zeros((2, 2), dtype=np.float32), 80.0).tolist() == [[-80.0] * 2] * 2
