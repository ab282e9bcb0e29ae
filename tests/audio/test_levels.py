"""Mixing to mono."""

from __future__ import annotations

import numpy as np
import pytest

from genrescope.audio.levels import Levels


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_mono_is_the_mean_of_the_channels_to_the_bit(channels: int) -> None:
    chunk = np.random.default_rng(1).normal(size=(4001, channels)).astype(np.float32)
    mixed = Levels(1.0).mono(chunk)
    assert mixed.dtype == np.float32
    assert mixed.flags.c_contiguous
    assert np.array_equal(mixed, chunk.mean(axis=1))


def test_loud_channels_do_not_overflow() -> None:
    chunk = np.full((10, 2), np.finfo(np.float32).max, dtype=np.float32)
    assert np.array_equal(Levels(1.0).mono(chunk), np.full(10, 8, dtype=np.float32))
