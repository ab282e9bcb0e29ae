"""Every kind of spectrogram keeps what the seam promises."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from genrescope import spectrogram
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    SpectrogramError,
    SpectrogramKind,
    SpectrogramSpec,
    Waveform,
)

RECIPES = {spec.kind: spec for spec in (GENRESCOPE_MEL, GENRESCOPE_CQT)}
kinds = pytest.mark.parametrize("kind", get_args(SpectrogramKind))


def noise(n: int) -> Waveform:
    samples = np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)
    return Waveform(samples, 22050, start=3.0)


def test_the_kinds_are_those_that_a_recipe_can_name() -> None:
    assert spectrogram.names() == tuple(sorted(get_args(SpectrogramKind)))
    assert "picture" not in spectrogram.names()


@kinds
@pytest.mark.parametrize("n", [1, 700, 50000])
def test_a_kind_draws_what_the_seam_draws(kind: SpectrogramKind, n: int) -> None:
    spec = RECIPES[kind]
    drawn = spectrogram.load(kind).draw(noise(n), spec)
    assert drawn.values.shape == (spec.bands, 1 + n // spec.hop_length)
    assert drawn.values.dtype == np.float32
    assert drawn.values.flags.c_contiguous
    assert drawn.spec is spec
    assert drawn.start == 3.0
    np.testing.assert_array_equal(spectrogram.draw(noise(n), spec).values, drawn.values)


@kinds
def test_bands_ascend_within_the_recipe(kind: SpectrogramKind) -> None:
    spec: SpectrogramSpec = RECIPES[kind]
    hz = spectrogram.draw(noise(5000), spec).band_hz
    assert hz.dtype == np.float32
    assert (np.diff(hz) > 0).all()
    assert spec.low_hz * (1 - 1e-6) <= hz[0] < hz[-1] <= spec.high_hz * (1 + 1e-6)


@kinds
def test_a_kind_refuses_another_rate(kind: SpectrogramKind) -> None:
    wave = Waveform(np.ones(5000, dtype=np.float32), 16000)
    with pytest.raises(SpectrogramError, match=r"16000 Hz.*22050 Hz"):
        spectrogram.draw(wave, RECIPES[kind])


@pytest.mark.parametrize("name", ["wavelet", "picture", "decibels", "", "_mel"])
def test_what_is_no_kind_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(SpectrogramError, match="there are: cqt, mel"):
        spectrogram.load(name)
