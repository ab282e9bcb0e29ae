"""Frequencies of bands, and their names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.spectrogram.frequencies import (
    constant_q_hz,
    hz_to_mel,
    mel_edges_hz,
    mel_to_hz,
    note_name,
)
from genrescope.types import C1_HZ, SpectrogramError


@given(st.floats(0.0, 24000.0))
def test_mel_there_and_back(hz: float) -> None:
    back = mel_to_hz(hz_to_mel(np.array([hz])))
    np.testing.assert_allclose(back, [hz], rtol=1e-9, atol=1e-9)


def test_the_knee_is_smooth() -> None:
    below, at, above = hz_to_mel(np.array([999.999, 1000.0, 1000.001]))
    assert at == pytest.approx(15.0)
    assert at - below == pytest.approx(above - at, rel=0.05)


@given(st.integers(1, 256), st.floats(0.0, 500.0), st.floats(600.0, 24000.0))
def test_edges_ascend_between_their_ends(bands: int, low: float, high: float) -> None:
    edges = mel_edges_hz(low, high, bands)
    assert edges.shape == (bands + 2,)
    assert (np.diff(edges) > 0).all()
    np.testing.assert_allclose(edges[[0, -1]], [low, high], rtol=1e-9, atol=1e-9)


def test_constant_q_doubles_every_octave() -> None:
    hz = constant_q_hz(C1_HZ, 84, 12)
    np.testing.assert_allclose(hz[12:], 2 * hz[:-12])
    names = [note_name(float(centre)) for centre in hz]
    assert names[:13:12] == ["C1", "C2"]
    assert names[45] == "A4"
    assert names[-1] == "B7"
    assert len(set(names)) == 84


@pytest.mark.parametrize(
    ("hz", "name"), [(440.0, "A4"), (452.0, "A4"), (453.0, "A♯4"), (261.63, "C4"), (27.5, "A0")]
)
def test_the_nearest_note(hz: float, name: str) -> None:
    assert note_name(hz) == name


@pytest.mark.parametrize("hz", [0.0, -440.0, float("nan"), float("inf")])
def test_no_note_without_a_frequency(hz: float) -> None:
    with pytest.raises(SpectrogramError, match="no note"):
        note_name(hz)
