"""What holds for every spectrogram, whatever the sound."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope import spectrogram
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    FloatArray,
    SpectrogramError,
    SpectrogramSpec,
    Waveform,
)

RECIPES = [GENRESCOPE_MEL, GENRESCOPE_CQT]
ids = [spec.kind for spec in RECIPES]
recipes = pytest.mark.parametrize("spec", RECIPES, ids=ids)


def tone(hz: float, seconds: float = 3.0) -> Waveform:
    at = np.arange(round(seconds * 22050)) / 22050
    return Waveform((0.5 * np.sin(2 * np.pi * hz * at)).astype(np.float32), 22050)


def noise(n: int) -> FloatArray:
    return np.random.default_rng(n).standard_normal(n).astype(np.float32)


@recipes
@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 60000))
def test_any_length_gives_the_documented_shape(spec: SpectrogramSpec, n: int) -> None:
    drawn = spectrogram.draw(Waveform(noise(n), 22050), spec)
    assert drawn.values.shape == (spec.bands, 1 + n // spec.hop_length)
    assert drawn.values.dtype == np.float32
    assert float(drawn.values.max()) == 0.0
    assert float(drawn.values.min()) >= -spec.dynamic_range_db


@recipes
def test_a_tone_lands_in_its_band(spec: SpectrogramSpec) -> None:
    drawn = spectrogram.draw(tone(440.0), spec)
    loudest = int(drawn.values[:, 10].argmax())
    assert loudest == int(np.abs(drawn.band_hz - 440.0).argmin())


def test_an_octave_is_twelve_bins() -> None:
    low, high = (spectrogram.draw(tone(hz), GENRESCOPE_CQT).values for hz in (220.0, 440.0))
    assert int(high[:, 10].argmax()) - int(low[:, 10].argmax()) == 12


@recipes
def test_gain_changes_nothing(spec: SpectrogramSpec) -> None:
    loud = noise(60000)
    a = spectrogram.draw(Waveform(loud, 22050), spec).values
    b = spectrogram.draw(Waveform(loud * np.float32(0.1), 22050), spec).values
    np.testing.assert_allclose(a, b, atol=0.02)


@recipes
def test_samples_far_out_of_scale_are_drawn_all_the_same(spec: SpectrogramSpec) -> None:
    fair = noise(20000)
    a = spectrogram.draw(Waveform(fair, 22050), spec).values
    b = spectrogram.draw(Waveform(fair * np.float32(1e25), 22050), spec).values
    np.testing.assert_allclose(a, b, atol=0.001)


@recipes
def test_drawing_twice_gives_the_same(spec: SpectrogramSpec) -> None:
    samples = noise(50000)
    before = samples.copy()
    first, second = (spectrogram.draw(Waveform(samples, 22050), spec).values for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(samples, before)


DIGEST = """
import hashlib
import numpy as np
from dataclasses import replace
from genrescope import spectrogram
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, Waveform
sound = Waveform(np.random.default_rng(0).standard_normal(300000).astype(np.float32), 22050)
for recipe in (GENRESCOPE_MEL, GENRESCOPE_CQT):
    for hop in (1728, 512, 441):
        drawn = spectrogram.draw(sound, replace(recipe, hop_length=hop))
        print(hashlib.sha256(drawn.values.tobytes()).hexdigest())
"""


def test_values_do_not_depend_on_the_number_of_threads() -> None:
    digests = set()
    for threads in ("1", "2", "4"):
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads)
        program = [sys.executable, "-c", DIGEST]
        run = subprocess.run(program, env=environment, capture_output=True, check=True)
        digests.add(run.stdout)
    assert len(digests) == 1


def test_drawing_is_light_to_import() -> None:
    program = (
        "import sys, genrescope.spectrogram.mel, genrescope.spectrogram.cqt;"
        "sys.exit(bool({'scipy', 'librosa', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@recipes
def test_silence_is_the_floor(spec: SpectrogramSpec) -> None:
    drawn = spectrogram.draw(Waveform(np.zeros(30000, dtype=np.float32), 22050), spec)
    assert np.unique(drawn.values).tolist() == [-spec.dynamic_range_db]


@recipes
def test_wrong_rate_is_refused_with_both_rates(spec: SpectrogramSpec) -> None:
    with pytest.raises(SpectrogramError, match=r"44100 Hz.*22050 Hz"):
        spectrogram.draw(Waveform(noise(1000), 44100), spec)


@recipes
def test_what_is_no_number_is_refused(spec: SpectrogramSpec) -> None:
    broken = noise(1000)
    broken[3] = np.nan
    with pytest.raises(SpectrogramError, match="no numbers"):
        spectrogram.draw(Waveform(broken, 22050), spec)
    with pytest.raises(SpectrogramError, match="no sample"):
        spectrogram.draw(Waveform(np.zeros(0, dtype=np.float32), 22050), spec)


def test_bins_beyond_half_the_rate_are_refused() -> None:
    with pytest.raises(SpectrogramError, match=r"120 constant-Q bins.*half of 22050 Hz"):
        spectrogram.draw(tone(440.0), replace(GENRESCOPE_CQT, bands=120))
    with pytest.raises(SpectrogramError, match="low_hz is too low"):
        spectrogram.draw(tone(440.0), replace(GENRESCOPE_CQT, low_hz=0.0))


def test_a_hop_that_cannot_be_halved_is_drawn_all_the_same() -> None:
    odd = replace(GENRESCOPE_CQT, hop_length=1725)
    even = spectrogram.draw(tone(440.0), GENRESCOPE_CQT)
    drawn = spectrogram.draw(tone(440.0), odd)
    heard = even.values[:, 10] > -30
    assert heard.sum() >= 3
    np.testing.assert_allclose(drawn.values[heard, 10], even.values[heard, 10], atol=0.5)


def test_times_and_frequencies_are_known() -> None:
    wave = replace(tone(440.0), start=12.5)
    drawn = spectrogram.draw(wave, GENRESCOPE_MEL)
    assert drawn.frame_seconds[0] == 12.5
    assert drawn.frame_seconds[1] - 12.5 == pytest.approx(1728 / 22050, abs=1e-5)
    assert drawn.band_hz.shape == (128,)
    assert (np.diff(drawn.band_hz) > 0).all()


def test_golden() -> None:
    """Stored outputs of a generated chirp; made by ``python -m tests.golden.make``."""
    from tests.golden.make import PATH, chirp

    stored = np.load(PATH)
    for spec in RECIPES:
        drawn = spectrogram.draw(Waveform(chirp(), 22050), spec)
        expected = stored[spec.kind].astype(np.float32) / 100
        heard = expected > -60
        np.testing.assert_allclose(drawn.values[heard], expected[heard], atol=0.02)
