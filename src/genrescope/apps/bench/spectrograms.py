"""Spectrograms beside librosa's: warm in one process, and cold as whole processes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genrescope import spectrogram
from genrescope.apps.bench.timing import Row, alone, pair
from genrescope.audio import listen
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, SpectrogramSpec, Waveform

SECONDS = 30
HOPS = (1728, 512)
COLD_REPEATS = 5

OURS_COLD = """
import sys, soundfile
from genrescope import spectrogram
from genrescope.types import GENRESCOPE_MEL, Waveform
samples, rate = soundfile.read(sys.argv[1], dtype="float32")
spectrogram.draw(Waveform(samples, rate), GENRESCOPE_MEL)
"""

THEIRS_COLD = """
import sys, soundfile, librosa, numpy
samples, rate = soundfile.read(sys.argv[1], dtype="float32")
power = librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=2048, hop_length=1728)
librosa.power_to_db(power, ref=numpy.max)
"""


def measure(source: Path, *, repeats: int = 7, cold: bool = True) -> list[Row]:
    """Mel and constant-Q at two hops on 30 s of a recording, and the first mel of a process.

    Parameters
    ----------
    source : Path
        A sound; repeated where shorter than 30 s.
    repeats : int
    cold : bool
        Whether whole processes are timed too.

    Returns
    -------
    list of Row
        Beside librosa where that is installed.
    """
    wave = _thirty_seconds(source)
    recipes = [replace(r, hop_length=h) for r in (GENRESCOPE_MEL, GENRESCOPE_CQT) for h in HOPS]
    beside = importlib.util.find_spec("librosa") is not None
    rows = [_warm(wave, recipe, repeats, beside) for recipe in recipes]
    if cold and beside:
        rows.append(_cold(wave))
    return rows


def _thirty_seconds(source: Path) -> Waveform:
    rate = GENRESCOPE_MEL.sample_rate
    with listen(source, duration=float(SECONDS)) as recording:
        samples = np.concatenate(list(recording.resampled(rate)))
    return Waveform(np.resize(samples, SECONDS * rate).astype(np.float32), rate)


def _warm(wave: Waveform, spec: SpectrogramSpec, repeats: int, beside: bool) -> Row:
    name = f"{spec.kind}, hop {spec.hop_length}, {SECONDS} s"

    def ours() -> object:
        return spectrogram.draw(wave, spec)

    if not beside:
        return alone(name, ours, repeats, note="librosa is not installed")
    return pair(name, ours, "librosa", lambda: _librosa(wave, spec), repeats)


def _librosa(wave: Waveform, spec: SpectrogramSpec) -> Any:
    import librosa

    shared: dict[str, Any] = {
        "y": wave.samples,
        "sr": wave.sample_rate,
        "hop_length": spec.hop_length,
    }
    if spec.kind == "mel":
        power = librosa.feature.melspectrogram(n_fft=spec.n_fft, n_mels=spec.bands, **shared)
        return librosa.power_to_db(power, ref=np.max)
    tones = librosa.cqt(
        fmin=spec.low_hz, n_bins=spec.bands, bins_per_octave=spec.bins_per_octave, **shared
    )
    return librosa.amplitude_to_db(np.abs(tones), ref=np.max)


def _cold(wave: Waveform) -> Row:
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        soundfile.write(path, wave.samples, wave.sample_rate)

        def run(program: str) -> None:
            subprocess.run([sys.executable, "-c", program, str(path)], check=True)

        return pair(
            "first mel of a process (cold)",
            lambda: run(OURS_COLD),
            "librosa",
            lambda: run(THEIRS_COLD),
            COLD_REPEATS,
            warm=False,
        )
