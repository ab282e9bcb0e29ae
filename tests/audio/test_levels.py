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


@pytest.mark.parametrize(
    ("mix", "codes"),
    [
        ([[1, -1]], ["out-of-phase"]),
        ([[1, -0.95]], ["out-of-phase"]),
        ([[1, 1]], []),
        ([[1, 0], [0, 1]], []),  # nothing to do with each other
        ([[1, -0.5]], []),
        ([[1] + 7 * [0]], []),  # one of eight
        ([[1], [1]], []),  # one channel
    ],
)
def test_channels_that_cancel_each_other(mix: list[list[float]], codes: list[str]) -> None:
    sounds = np.random.default_rng(2).normal(scale=0.1, size=(8000, len(mix)))
    levels = Levels(1.0)
    for chunk in np.split((sounds @ np.array(mix)).astype(np.float32), 4):
        levels.mono(chunk)
    assert [notice.code for notice in levels.notices()] == codes
    assert not Levels(1.0).notices()


def test_what_nobody_hears_need_not_be_in_phase() -> None:
    levels = Levels(1.0)
    hiss = np.random.default_rng(3).normal(scale=1e-4, size=8000).astype(np.float32)
    levels.mono(np.stack([hiss, -hiss], axis=1))
    assert levels.notices() == ()
