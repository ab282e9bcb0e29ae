"""How well a model does on labelled spectrograms: the second half of the line, over a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    FloatArray,
    ModelCard,
    TrainingError,
    refuse,
)

REAL_AUDIO = ("audio_pairs", "audio_pairs_rock")
"""The collections of real audio, which are judged by together."""

TRANSLATED_NOTE = "constant-Q pictures translated from mel"

Infer = Callable[[FloatArray], FloatArray]
"""From windows (n, bands, frames) in [0, 1] to logits (n, genres)."""


def judged_sets(collections: Sequence[Excerpts]) -> dict[str, list[Excerpts]]:
    """Collections by the set that they are judged in: real audio, which is one, before the rest."""
    ordered = sorted(collections, key=lambda excerpts: excerpts.dataset not in REAL_AUDIO)
    sets: dict[str, list[Excerpts]] = {}
    for excerpts in ordered:
        name = "real audio" if excerpts.dataset in REAL_AUDIO else excerpts.dataset
        sets.setdefault(name, []).append(excerpts)
    return sets


def check_recipe(card: ModelCard) -> None:
    """Refuse a model that looks at other spectrograms than the collections hold.

    Raises
    ------
    TrainingError
    """
    drawn = GENRESCOPE_MEL if card.spectrogram.kind == "mel" else GENRESCOPE_CQT
    own = card.spectrogram
    length, reference = own.window_seconds, own.reference_seconds
    refuse(
        replace(drawn, window_seconds=length, reference_seconds=reference) != own,
        f"{card.name} looks at spectrograms by another recipe than the collections hold: what "
        "could be measured of it stands on its card (`genrescope models show`)",
        TrainingError,
    )


def window_columns(columns: int, frames: int) -> tuple[int, ...]:
    """First columns of the windows that an excerpt of that many columns is looked at through.

    The same windows that a recording of that length is cut into: end to end, and one more that
    ends with the excerpt where at least half a window is left over.

    Examples
    --------
    >>> window_columns(384, 128)
    (0, 128, 256)
    >>> window_columns(383, 128)
    (0, 128, 255)
    >>> window_columns(100, 128)
    (0,)
    """
    full, over = divmod(columns, frames)
    starts = tuple(frames * window for window in range(max(1, full)))
    return (*starts, columns - frames) if full and 2 * over >= frames else starts


def excerpt_logits(infer: Infer, pictures: UnitBytes, frames: int) -> FloatArray:
    """Mean logits of every excerpt over its windows.

    Parameters
    ----------
    infer : callable
    pictures : ndarray of uint8, shape (n, bands, columns)
    frames : int
        Columns in a window; a shorter excerpt is repeated.

    Returns
    -------
    ndarray of float32, shape (n, genres)
    """
    rows = []
    for windows, count in excerpt_windows(pictures, frames):
        logits = infer(windows)
        rows.append(logits.reshape(-1, count, logits.shape[1]).mean(axis=0))
    return np.concatenate(rows)


def excerpt_windows(pictures: UnitBytes, frames: int) -> Iterator[tuple[FloatArray, int]]:
    """The windows that excerpts are looked at through, sixteen excerpts at a time.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, bands, columns)
    frames : int
        Columns in a window; a shorter excerpt is repeated.

    Yields
    ------
    windows : ndarray of float32, shape (windows * excerpts, bands, frames)
        In [0, 1]: the first window of every excerpt, then the second of every one…
    excerpts : int
        Up to sixteen.
    """
    if pictures.shape[2] < frames:
        repeats = -(-frames // pictures.shape[2])
        pictures = np.tile(pictures, (1, 1, repeats))[:, :, :frames]
    starts = window_columns(pictures.shape[2], frames)
    for first in range(0, len(pictures), 16):
        block = pictures[first : first + 16].astype(np.float32) / np.float32(255)
        windows = np.concatenate([block[:, :, s : s + frames] for s in starts])
        yield np.ascontiguousarray(windows), len(block)


def song_logits(
    logits: FloatArray, excerpts: Excerpts, labels: Sequence[str]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Mean over the excerpts of each song, and each song's true label.

    Parameters
    ----------
    logits : ndarray of float32, shape (excerpts, genres)
    excerpts : Excerpts
    labels : sequence of str

    Returns
    -------
    logits : ndarray of float32, shape (songs, genres)
    truth : ndarray of int64, shape (songs,)

    Raises
    ------
    TrainingError
        If a genre is not among the labels.
    """
    places = song_rows(excerpts)
    unknown = {genre for _, genre in places} - set(labels)
    refuse(bool(unknown), f"no label for {', '.join(sorted(unknown))}", TrainingError)
    pooled = np.stack([logits[rows].mean(axis=0) for rows in places.values()])
    truth = np.array([list(labels).index(genre) for _, genre in places], dtype=np.int64)
    return pooled.astype(np.float32), truth


def song_rows(excerpts: Excerpts) -> dict[tuple[str, str], list[int]]:
    """Song and genre to the rows of its excerpts, in the order that songs are counted in."""
    places: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(excerpts.songs, excerpts.genres, strict=True)):
        places.setdefault(key, []).append(row)
    return places
