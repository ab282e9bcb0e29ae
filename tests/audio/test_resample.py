from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio import Resampler, resample, resampled_length
from genrescope.types import FloatArray

from .sounds import noise, tone


def whole(samples: FloatArray, source_rate: int, sample_rate: int, block: int) -> FloatArray:
    blocks = (samples[i : i + block] for i in range(0, samples.size, block))
    return np.concatenate(list(resample(blocks, source_rate, sample_rate)))


@settings(max_examples=30, deadline=None)
@given(
    samples=st.integers(1, 20000),
    block=st.integers(1, 9000),
    rates=st.sampled_from([(44100, 22050), (48000, 22050), (8000, 22050), (22050, 16000)]),
)
def test_block_size_does_not_matter(samples: int, block: int, rates: tuple[int, int]) -> None:
    sound = noise(samples)
    at_once = whole(sound, *rates, samples)
    np.testing.assert_allclose(whole(sound, *rates, max(block, 50)), at_once, atol=1e-5)
    assert at_once.size == resampled_length(samples, *rates)
    assert at_once.dtype == np.float32


@pytest.mark.parametrize("source_rate", [8000, 16000, 44100, 48000, 96000, 192000, 384000])
def test_a_tone_stays_the_same_tone(source_rate: int) -> None:
    got = whole(tone(1.0, source_rate), source_rate, 22050, 4096)
    want = tone(1.0, 22050)
    assert got.size == want.size
    np.testing.assert_allclose(got[1000:-1000], want[1000:-1000], atol=2e-4)


def test_what_the_new_rate_cannot_hold_is_filtered_out() -> None:
    got = whole(tone(1.0, 44100, hz=15000), 44100, 22050, 4096)
    assert np.abs(got[1000:-1000]).max() < 1e-4


@pytest.mark.parametrize("source_rate", [8000, 22050, 44100, 192000, 384000])
def test_one_sample(source_rate: int) -> None:
    got = whole(np.full(1, 0.5, dtype=np.float32), source_rate, 22050, 1)
    assert got.size == resampled_length(1, source_rate, 22050) >= 1
    assert np.isfinite(got).all()
    assert np.abs(got).max() > 0.01


def test_equal_rates_change_nothing() -> None:
    sound = noise(5000)
    np.testing.assert_array_equal(whole(sound, 22050, 22050, 333), sound)


def test_no_sound_gives_no_sound() -> None:
    resampler = Resampler(44100, 22050)
    assert resampler.finish().size == 0
    assert list(resample([], 44100, 22050)) == []
