"""Our spectrograms against librosa's, on real music, over several recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrescope import spectrogram
from genrescope.audio import listen
from genrescope.types import C1_HZ, FloatArray, SpectrogramSpec, Waveform

librosa = pytest.importorskip("librosa", reason="librosa is the reference, and a tool for tests")

CLIPS = (
    "jazz_vibe_ace.flac",
    "blues_black_bass.ogg",
    "classical_sugar_plum.mp3",
    "reggae_thief_in_the_night.ogg",
)
TOLERANCE_DB = 0.1
HEARD_DB = -60.0

MEL = [
    (22050, 1728, 2048, 11025.0),
    (22050, 512, 2048, 11025.0),
    (22050, 512, 2048, 8000.0),
    (16000, 512, 1024, 8000.0),
    (16000, 1728, 2048, 8000.0),
]
CQT = [
    (22050, 1728, 84, 12),
    (22050, 512, 84, 12),
    (22050, 512, 60, 12),
    (16000, 512, 84, 12),
    (16000, 512, 60, 12),
    (22050, 512, 36, 12),  # divided by 4 before the highest octave
    (22050, 220, 60, 12),  # a hop that can be halved only twice
    (22050, 1725, 84, 12),  # or never
    (22050, 1728, 168, 24),
]


def sound(path: Path, sample_rate: int) -> FloatArray:
    with listen(path, start=2.0, duration=10.0) as recording:
        return np.concatenate(list(recording.resampled(sample_rate))).astype(np.float32)


def worst(ours: FloatArray, theirs: FloatArray) -> float:
    columns = min(ours.shape[1], theirs.shape[1])  # librosa drops one where it halves early
    assert columns >= ours.shape[1] - 1
    ours, theirs = ours[:, :columns], theirs[:, :columns]
    return float(np.abs(ours - theirs)[theirs > HEARD_DB].max())


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(("rate", "hop", "n_fft", "high"), MEL)
def test_mel(samples: Path, clip: str, rate: int, hop: int, n_fft: int, high: float) -> None:
    y = sound(samples / clip, rate)
    spec = SpectrogramSpec("mel", rate, 128, hop, n_fft, 0.0, high)
    power = librosa.feature.melspectrogram(
        y=y, sr=rate, n_fft=n_fft, hop_length=hop, n_mels=128, fmax=high
    )
    theirs = librosa.power_to_db(power, ref=np.max)
    ours = spectrogram.draw(Waveform(y, rate), spec)
    assert ours.values.shape == theirs.shape
    assert worst(ours.values, theirs) < TOLERANCE_DB
    centres = librosa.mel_frequencies(130, fmin=0.0, fmax=high)[1:-1]
    np.testing.assert_allclose(ours.band_hz, centres, rtol=1e-4)


@pytest.mark.parametrize("clip", CLIPS)
def test_a_recipe_of_others_without_a_reference(samples: Path, clip: str) -> None:
    """Musicnn's: log10(10000 x + 1) of 96 bands at 16 kHz."""
    y = sound(samples / clip, 16000)
    spec = SpectrogramSpec(
        "mel", 16000, 96, 256, 512, 0.0, 8000.0, compression="log10", log_gain=1e4, log_ceiling=8.0
    )
    power = librosa.feature.melspectrogram(y=y, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    theirs = np.log10(10000 * power + 1)
    ours = spectrogram.draw(Waveform(y, 16000), spec).values
    assert ours.shape == theirs.shape
    assert theirs.max() > 3
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    louder = spectrogram.draw(Waveform(y * np.float32(2), 16000), spec).values
    assert louder.mean() > ours.mean() + 0.2


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(("rate", "hop", "bins", "octave"), CQT)
def test_constant_q(samples: Path, clip: str, rate: int, hop: int, bins: int, octave: int) -> None:
    y = sound(samples / clip, rate)
    high = C1_HZ * 2 ** ((bins - 1) / octave)
    spec = SpectrogramSpec("cqt", rate, bins, hop, 0, C1_HZ, high, bins_per_octave=octave)
    tones = librosa.cqt(y, sr=rate, hop_length=hop, fmin=C1_HZ, n_bins=bins, bins_per_octave=octave)
    theirs = librosa.amplitude_to_db(np.abs(tones), ref=np.max)
    ours = spectrogram.draw(Waveform(y, rate), spec)
    assert worst(ours.values, theirs) < TOLERANCE_DB
    centres = librosa.cqt_frequencies(bins, fmin=C1_HZ, bins_per_octave=octave)
    np.testing.assert_allclose(ours.band_hz, centres, rtol=1e-4)
