"""Made-up songs on disk: every genre is a tone of its own height, every song its own noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 22050
TONES = {"Low": 200.0, "Middle": 900.0, "High": 4000.0}


def sound(genre: str, seed: int, seconds: float = 3.0) -> np.ndarray:
    """Float32 (n,): a tone that comes and goes, under noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    pulse = np.sin(2 * np.pi * generator.uniform(0.3, 3) * time + generator.uniform(0, 6)) > 0
    tone = np.sin(2 * np.pi * TONES[genre] * generator.uniform(0.9, 1.1) * time)
    noise = generator.standard_normal(time.size) * generator.uniform(0.01, 0.05)
    return (0.5 * tone * pulse + noise).astype(np.float32)


def write(path: Path, genre: str, seed: int, tags: dict[str, str] | None = None) -> Path:
    """One song; its format by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for key, value in (tags or {}).items():
            setattr(file, key, value)
        file.write(sound(genre, seed))
    return path


def library(folder: Path, songs: int = 8) -> Path:
    """A folder a genre, a folder an artist below it, two songs each."""
    for g, genre in enumerate(TONES):
        for i in range(songs):
            name = folder / genre / f"artist {genre} {i // 2}" / f"song {i}.wav"
            write(name, genre, 100 * g + i)
    return folder
