"""A made-up collection: every genre is a stripe at its own height."""

from __future__ import annotations

import numpy as np

from genrescope.learn.excerpts import Excerpts

GENRES = ("Blues", "Classical", "Jazz")


def collection(dataset: str = "made_up", per_genre: int = 8, seed: int = 0) -> Excerpts:
    """Excerpts of 140 columns, a quarter of them for validation and a quarter for testing."""
    generator = np.random.default_rng(seed)
    count = per_genre * len(GENRES)
    mel = generator.integers(0, 60, (count, 128, 140)).astype(np.uint8)
    cqt = generator.integers(0, 60, (count, 84, 140)).astype(np.uint8)
    genres = tuple(GENRES[i % len(GENRES)] for i in range(count))
    for i, genre in enumerate(genres):
        low = 20 + 30 * GENRES.index(genre)
        mel[i, low : low + 10] += 150
        cqt[i, low // 2 : low // 2 + 6] += 150
    order = [("train", "train", "valid", "test")[(i // len(GENRES)) % 4] for i in range(count)]
    names = tuple(f"{dataset} song number {i}" for i in range(count))
    return Excerpts(dataset, mel, cqt, genres, names, names, names, tuple(order), "made up")
