from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio import peaks
from genrescope.types import AudioError

from .sounds import noise


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 3000),
    block=st.integers(1, 900),
    rate=st.floats(1.0, 100.0, allow_nan=False),
)
def test_buckets_tile_the_sound(samples: int, block: int, rate: float) -> None:
    sound = noise(samples)
    blocks = (sound[i : i + block] for i in range(0, samples, block))
    found = peaks(blocks, 1000, rate)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, peaks([sound], 1000, rate))
    edges = [round(i * 1000 / rate) for i in range(found.shape[0])] + [samples]
    for (low, high), begin, end in zip(found, edges[:-1], edges[1:], strict=True):
        assert (low, high) == (sound[begin:end].min(), sound[begin:end].max())


def test_no_sound_has_no_peaks() -> None:
    assert peaks([], 1000).shape == (0, 2)


@pytest.mark.parametrize("rate", [0, -1, 2000])
def test_senseless_rates_are_refused(rate: float) -> None:
    with pytest.raises(AudioError, match="buckets"):
        peaks([], 1000, rate)
