"""How long one's own songs take from their files to a model file."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from genrescope.apps.bench.songs import RATE
from genrescope.apps.bench.timing import Row
from genrescope.apps.bench.whole import say
from genrescope.types import FloatArray, TrainingError

SCALES = {
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "whole": (0, 2, 4, 6, 8, 10),
    "blue": (0, 3, 5, 6, 7, 10),
}
"""Semitones above the root: what made-up genres are called, and made of."""
OVERTONES = {"minor": 2, "major": 5, "whole": 9, "blue": 14}
SONGS_BY_ARTIST = 5


def measure(count: int, minutes: float) -> Row:
    """Time ``genrescope train --data`` on made-up songs, in a process of its own.

    Parameters
    ----------
    count : int
        Songs, in four genres, as mp3.
    minutes : float
        Length of each.

    Returns
    -------
    Row
        In seconds: reading, drawing, learning, measuring and writing.

    Raises
    ------
    TrainingError
        If the training fails.
    """
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as place:
        top = Path(place)
        write_library(top / "music", count, minutes * 60)
        options = ["--data", str(top / "music"), "--runs", str(top / "runs"), "-o", str(top)]
        line = [sys.executable, "-m", "genrescope", "train", *options, "--yes"]
        began = time.perf_counter()
        say(line, "it was not trained", TrainingError)
        seconds = time.perf_counter() - began
    return Row(f"train --data, {count} songs of {minutes:g} min", seconds, unit="s")


def write_library(folder: Path, count: int, seconds: float) -> None:
    """Write so many songs: a folder a genre, and below it a folder an artist."""
    import soundfile

    for number in range(count):
        genre = list(SCALES)[number % len(SCALES)]
        artist = f"{genre} {number // (len(SCALES) * SONGS_BY_ARTIST)}"
        path = folder / genre / artist / f"song {number}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, improvise(genre, number, seconds), RATE)


def improvise(genre: str, seed: int, seconds: float) -> FloatArray:
    """Random notes of a scale at a tempo of their own; no two seeds are alike.

    Parameters
    ----------
    genre : str
        One of `SCALES`.
    seed : int
    seconds : float

    Returns
    -------
    ndarray of float32, shape (samples, 2)
        In [-1, 1] at `RATE`.

    Examples
    --------
    >>> improvise("blue", 1, 0.5).shape
    (22050, 2)
    """
    generator = np.random.default_rng(seed)
    length, root = round(seconds * RATE), generator.uniform(80.0, 160.0)
    beat = round(RATE * generator.uniform(0.2, 0.5))
    place = np.arange(beat) / RATE
    fade = np.exp(-place * generator.uniform(2.0, 8.0))
    sound = np.zeros((length + beat, 2))
    for begin in range(0, length, beat):
        step = generator.choice(SCALES[genre]) + 12 * generator.integers(3)
        hz = root * 2 ** (step / 12)
        tones = range(1, OVERTONES[genre] + 1)
        note = sum(np.sin(2 * np.pi * hz * n * place) / n for n in tones)
        noise = generator.normal(0.0, 0.05, (beat, 2))
        sound[begin : begin + beat] += (0.25 * note * fade)[:, None] + noise
    return np.clip(sound[:length], -1.0, 1.0).astype(np.float32)
