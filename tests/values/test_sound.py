"""Sound, recipes and spectrograms refuse what makes no sense, and derive what they say."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from genrescope.types import (
    C1_HZ,
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    AudioError,
    Spectrogram,
    SpectrogramError,
    SpectrogramSpec,
    Waveform,
)

BANDS = np.arange(128, dtype=np.float32)


def test_a_waveform_knows_its_length() -> None:
    wave = Waveform(np.zeros(11025, dtype=np.float32), 22050)
    assert wave.seconds == 0.5
    with pytest.raises(FrozenInstanceError):
        wave.start = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros((2, 8), dtype=np.float32), 22050, "mono"),
        (np.zeros(8, dtype=np.float64), 22050, "float32"),
        (np.zeros(8, dtype=np.int16), 22050, "float32"),
        (np.zeros(8, dtype=np.float32), 0, "sample rate"),
        (np.zeros(8, dtype=np.float32), -1, "sample rate"),
    ],
)
def test_what_is_no_waveform(samples: np.ndarray, rate: int, words: str) -> None:
    with pytest.raises(AudioError, match=words):
        Waveform(samples, rate)


@pytest.mark.parametrize("spec", [GENRESCOPE_MEL, GENRESCOPE_CQT], ids=lambda spec: spec.kind)
def test_our_recipes(spec: SpectrogramSpec) -> None:
    assert spec.frames == 128
    assert spec.window_samples == 221_184
    assert spec.windows_per_span == 3
    assert spec.window_samples / spec.sample_rate == pytest.approx(10, abs=0.05)


def test_our_constant_q_is_seven_octaves_less_a_semitone() -> None:
    assert GENRESCOPE_CQT.low_hz == C1_HZ == pytest.approx(440 * 2 ** (-45 / 12))
    octaves = math.log2(GENRESCOPE_CQT.high_hz / GENRESCOPE_CQT.low_hz)
    assert octaves * GENRESCOPE_CQT.bins_per_octave == pytest.approx(GENRESCOPE_CQT.bands - 1)


def test_a_recipe_of_others() -> None:
    spec = SpectrogramSpec("mel", 16000, 96, 256, 512, 0.0, 8000.0, window_seconds=3.0)
    assert spec.frames == 188
    assert spec.windows_per_span == 10
    assert replace(spec, reference_seconds=1.0).windows_per_span == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("bands", -1),
        ("hop_length", 0),
        ("n_fft", 0),
        ("low_hz", -1.0),
        ("low_hz", 11025.0),
        ("high_hz", 11026.0),
        ("high_hz", math.nan),
        ("dynamic_range_db", 0.0),
        ("dynamic_range_db", math.nan),
        ("window_seconds", 0.001),
        ("window_seconds", -10.0),
        ("window_seconds", math.inf),
        ("window_seconds", math.nan),
        ("reference_seconds", math.inf),
        ("reference_seconds", 1e12),
        ("window_seconds", 1e9),
        ("bands", 10**11),
        ("bands", 10**400),
        ("n_fft", 2**42),
        ("sample_rate", 10**9),
        ("hop_length", 1),
        ("reference_seconds", 0.0),
    ],
)
def test_a_recipe_that_makes_no_sense(field: str, value: float) -> None:
    with pytest.raises(SpectrogramError):
        replace(GENRESCOPE_MEL, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"compression": "log10"}, "log_gain must be positive"),
        ({"compression": "log10", "log_gain": 1e4, "log_ceiling": math.inf}, "log_ceiling"),
        ({"compression": "log10", "log_gain": math.nan, "log_ceiling": 8.0}, "log_gain"),
        ({"log_gain": 1e4}, "0 for db"),
    ],
)
def test_a_logarithm_needs_its_figures_and_decibels_none(
    fields: dict[str, float], words: str
) -> None:
    with pytest.raises(SpectrogramError, match=words):
        replace(GENRESCOPE_MEL, **fields)  # type: ignore[arg-type]


def test_values_have_a_range() -> None:
    assert GENRESCOPE_MEL.value_range == (-80.0, 0.0)
    spec = replace(GENRESCOPE_MEL, compression="log10", log_gain=1e4, log_ceiling=8.0)
    assert spec.value_range == (0.0, 8.0)


def test_constant_q_says_how_many_bins_an_octave_has() -> None:
    with pytest.raises(SpectrogramError, match="bins_per_octave"):
        replace(GENRESCOPE_CQT, bins_per_octave=0)


@pytest.mark.parametrize(("low_hz", "bins"), [(0.0, 12), (1e-6, 12), (1.0, 480)])
def test_constant_q_filters_have_an_end(low_hz: float, bins: int) -> None:
    with pytest.raises(SpectrogramError, match="low_hz is too low"):
        replace(GENRESCOPE_CQT, low_hz=low_hz, bins_per_octave=bins)


@pytest.mark.parametrize(
    ("values", "band_hz", "words"),
    [
        (np.zeros(128, dtype=np.float32), BANDS, "bands, frames"),
        (np.zeros((128, 4), dtype=np.float64), BANDS, "float32"),
        (np.zeros((84, 4), dtype=np.float32), BANDS, "84 bands drawn"),
        (np.zeros((128, 4), dtype=np.float32), BANDS[:-1], "band_hz"),
    ],
)
def test_what_is_no_spectrogram(values: np.ndarray, band_hz: np.ndarray, words: str) -> None:
    with pytest.raises(SpectrogramError, match=words):
        Spectrogram(values, GENRESCOPE_MEL, band_hz)


def test_columns_have_times() -> None:
    picture = Spectrogram(np.zeros((128, 3), dtype=np.float32), GENRESCOPE_MEL, BANDS, start=60.0)
    expected = [60 + i * 1728 / 22050 for i in range(3)]
    np.testing.assert_allclose(picture.frame_seconds, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            {"kind": "cqt", "sample_rate": 384_000, "bands": 480, "hop_length": 3}
            | {"n_fft": 0, "low_hz": 64.0, "high_hz": 128.0, "bins_per_octave": 480}
            | {"window_seconds": 0.1, "reference_seconds": 0.1},
            "filters hold too many",
        ),
        (
            {"kind": "mel", "sample_rate": 22_050, "bands": 4096, "hop_length": 2**17}
            | {"n_fft": 2**17, "low_hz": 0.0, "high_hz": 11_025.0},
            "filters hold too many",
        ),
        (
            {"kind": "mel", "sample_rate": 384_000, "bands": 8, "hop_length": 2**14}
            | {"n_fft": 2048, "low_hz": 0.0, "high_hz": 11_025.0, "reference_seconds": 3600.0},
            "in a span are too many",
        ),
    ],
)
def test_products_of_a_recipes_figures_have_limits_too(recipe: dict[str, Any], words: str) -> None:
    with pytest.raises(SpectrogramError, match=words):
        SpectrogramSpec(**recipe)
