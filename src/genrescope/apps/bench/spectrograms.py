"""Spectrograms beside librosa's: warm in one process, and cold as whole processes."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from genrescope import spectrogram
from genrescope.apps.bench.field import draw_with_librosa, nnaudio_way, torchaudio_way
from genrescope.apps.bench.timing import Row, alone, pair, pair_of
from genrescope.apps.bench.whole import run, warm_modules
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
    rows = [row for recipe in recipes for row in _warm(wave, recipe, repeats, beside)]
    if cold and beside:
        rows.append(_cold(wave))
    return rows


def _thirty_seconds(source: Path) -> Waveform:
    rate = GENRESCOPE_MEL.sample_rate
    with listen(source, duration=float(SECONDS)) as recording:
        samples = np.concatenate(list(recording.resampled(rate)))
    return Waveform(np.resize(samples, SECONDS * rate).astype(np.float32), rate)


def _warm(wave: Waveform, spec: SpectrogramSpec, repeats: int, beside: bool) -> list[Row]:
    name = f"{spec.kind}, hop {spec.hop_length}, {SECONDS} s"

    def ours() -> object:
        return spectrogram.draw(wave, spec)

    def librosas() -> object:
        return draw_with_librosa(wave.samples, wave.sample_rate, spec)

    rows = [pair(name, ours, "librosa", librosas, repeats)] if beside else []
    for label, way in (("torchaudio", torchaudio_way(spec)), ("nnAudio", nnaudio_way(spec))):
        if way is not None:
            rows.append(pair(name, ours, label, partial(way, wave.samples), repeats))
    return rows or [alone(name, ours, repeats, note="librosa is not installed")]


def _cold(wave: Waveform) -> Row:
    import soundfile

    with tempfile.TemporaryDirectory() as folder, warm_modules() as env:
        path = Path(folder) / "sound.wav"
        soundfile.write(path, wave.samples, wave.sample_rate)
        ways = [[sys.executable, "-c", program, str(path)] for program in (OURS_COLD, THEIRS_COLD)]
        for way in ways:  # compiles the modules
            run(way, env)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(COLD_REPEATS):
            ours.append(run(ways[0], env).ms)
            theirs.append(run(ways[1], env).ms)
    return pair_of("first mel of a process (cold)", ours, "librosa", theirs)
