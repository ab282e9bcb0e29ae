"""Songs of a wanted length to measure with: a recording's over and over, or made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genrescope.audio import open_audio
from genrescope.types import AudioError, FloatArray

RATE = 44100
BEATS_PER_SECOND = 2.0
CHORDS = (
    (220.0, 261.6, 329.6),
    (174.6, 220.0, 261.6),
    (130.8, 164.8, 196.0),
    (196.0, 246.9, 293.7),
)
"""Fundamentals in Hz: A minor, F, C, G, four beats each."""


def compose(seconds: float) -> FloatArray:
    """Chords and a drum of noise: enough for every step to have its usual work.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    FloatArray
        ``(samples, 2)`` in [-1, 1] at `RATE`; the same every time.

    Examples
    --------
    >>> compose(0.5).shape
    (22050, 2)
    """
    time = np.arange(round(seconds * RATE)) / RATE
    beat = time * BEATS_PER_SECOND
    chord = (beat // 4).astype(int) % len(CHORDS)
    fade = np.exp(-3.0 * (beat % 1.0))
    sides = []
    for shift in (0.0, 0.3):
        sound = np.zeros(len(time))
        for voice in range(3):
            hz = np.array([tones[voice] for tones in CHORDS])[chord]
            for overtone in range(1, 7):
                sound += np.sin(2 * np.pi * hz * overtone * time + shift * overtone) / overtone**1.5
        sides.append(0.12 * sound * fade)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (len(time), 2))
    made = np.stack(sides, axis=1) + noise * np.exp(-12.0 * (beat % 1.0))[:, None]
    return np.clip(made, -1.0, 1.0).astype(np.float32)


def lengthen(source: Path | None, target: Path, seconds: float) -> Path:
    """Write a recording over and over, in two channels, until it fills so many seconds.

    Parameters
    ----------
    source : Path or None
        A recording; made up where None.
    target : Path
        Its suffix says the format, as libsndfile knows it: ``.mp3``, ``.wav``, ``.flac``.
    seconds : float

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    AudioError
        If the source is no sound, or this libsndfile cannot write the format.
    """
    import soundfile

    sound, rate = (compose(min(seconds, 32.0)), RATE) if source is None else _two_channels(source)
    wanted = round(seconds * rate)
    times = -(-wanted // len(sound))
    try:
        soundfile.write(target, np.tile(sound, (times, 1))[:wanted], rate)
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise AudioError(f"{target.name}: cannot be written here ({error})") from error
    return target


def _two_channels(source: Path) -> tuple[FloatArray, int]:
    """``(samples, 2)`` and the rate in Hz; mono twice where libsndfile does not read the file."""
    import soundfile

    try:
        sound, rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        with open_audio(source) as stream:
            sound, rate = np.concatenate(list(stream.blocks()))[:, None], stream.info.sample_rate
    both = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
    return both, int(rate)
