"""Recordings that stand in two collections under different names, found by their sound.

Names hide repeats: "Händel" and "George Frideric Handel" are one composer, and a song without an
artist's name may be anybody's. So every excerpt that judges is laid over every excerpt that
teaches, at all shifts in time, and the rise and fall of their bands is correlated: first coarsely
for all pairs at once, by Fourier transforms, then exactly for the pairs that might repeat.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.types import GENRESCOPE_MEL, FloatArray

COLUMN_SECONDS = 1728 / 22_050
FRAMES = 384
"""So many columns of an excerpt are laid over others': 30 s."""

MIGHT = 0.62
"""Least coarse correlation of a pair that is looked at exactly; one in twelve hundred has it."""

SURE = 0.76
"""Least exact correlation of a repeat. Two recordings of one Händel overture that are the same
reach 0.84; two different songs on the same rhythm machine's pattern reach 0.71."""

LEAST_SECONDS = 11.0
"""Overlap that a repeat must have: two loops of one tempo match for a few seconds."""

COARSE, FINE = 8, 16
"""Groups of bands in the first and in the second look."""

BURST_DB = 12.0
"""A rise counts no more than this, lest one stroke after silence decide alone."""

AT_ONCE = 16
TEACHING = ("train", "unlabelled")


@dataclass(frozen=True, slots=True)
class Repeat:
    """One recording in two places.

    Attributes
    ----------
    judge_set, judge : str
        Collection and name of the excerpt that judges (``valid`` or ``test``).
    taught_set, taught : str
        Of the one that teaches.
    correlation : float
    seconds : float
        So long they overlap.
    """

    judge_set: str
    judge: str
    taught_set: str
    taught: str
    correlation: float
    seconds: float


def find_repeats(collections: Sequence[Excerpts]) -> tuple[Repeat, ...]:
    """Pairs of excerpts, one judging and one teaching, that hold the same recording.

    Parameters
    ----------
    collections : sequence of Excerpts
        All at the recipe's columns.

    Returns
    -------
    tuple of Repeat
        The surest first.
    """
    judges, taught = _chosen(collections, ("valid", "test")), _chosen(collections, TEACHING)
    if not judges or not taught:
        return ()
    found = []
    for i, j in _might(judges, taught):
        (mine, row), (other, place) = judges[i], taught[j]
        correlation, columns = overlay(_rises(mine.mel[row], FINE), _rises(other.mel[place], FINE))
        seconds = 2 * columns * COLUMN_SECONDS
        if correlation >= SURE and seconds >= LEAST_SECONDS:
            names = (mine.dataset, mine.names[row], other.dataset, other.names[place])
            found.append(Repeat(*names, round(correlation, 3), round(seconds, 1)))
    return tuple(sorted(found, key=lambda repeat: -repeat.correlation))


def withhold_repeats(
    collections: Sequence[Excerpts], cache: Path
) -> tuple[tuple[Excerpts, ...], tuple[Repeat, ...]]:
    """Exclude from ``train`` every song of which a repeat judges.

    Parameters
    ----------
    collections : sequence of Excerpts
    cache : Path
        Folder that keeps what was found, by the collections' digests: looking takes a minute.

    Returns
    -------
    collections : tuple of Excerpts
    repeats : tuple of Repeat
    """
    parts = "".join(f"{e.digest} {e.mel_digest} {e.splits}" for e in collections)
    key = sha256(parts.encode()).hexdigest()
    kept = cache / f"repeats-{key[:16]}.json"
    if kept.is_file():
        repeats = tuple(Repeat(**one) for one in json.loads(kept.read_text(encoding="utf-8")))
    else:
        repeats = find_repeats(collections)
        cache.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps([asdict(one) for one in repeats]), encoding="utf-8")
        partial.replace(kept)
    return tuple(_without(excerpts, repeats) for excerpts in collections), repeats


def tell_repeats(repeats: Sequence[Repeat]) -> str:
    """One line on what was withheld, with names; "" where nothing was.

    Examples
    --------
    >>> tell_repeats([Repeat("a", "Händel - Suite", "b", "Haendel - Suite", 0.84, 30.0)])
    '1 recording was withheld from train: Haendel - Suite (b), which judges as Händel - Suite (a)'
    """
    judges: dict[tuple[str, str], list[str]] = {}
    for one in repeats:
        own = judges.setdefault((one.taught_set, one.taught), [])
        own.append(f"{one.judge} ({one.judge_set})")
    if not judges:
        return ""
    named = "; ".join(
        f"{taught} ({place}), which judges as {' and as '.join(dict.fromkeys(found))}"
        for (place, taught), found in judges.items()
    )
    count = "1 recording was" if len(judges) == 1 else f"{len(judges)} recordings were"
    return f"{count} withheld from train: {named}"


def overlay(one: FloatArray, other: FloatArray) -> tuple[float, int]:
    """Greatest correlation of two excerpts over all shifts, and how many columns overlap there.

    Parameters
    ----------
    one, other : ndarray of float32, shape (groups, columns)

    Returns
    -------
    correlation : float
        In [-1, 1]; 0 where nothing moves.
    columns : int
    """
    least = round(LEAST_SECONDS / COLUMN_SECONDS / 2)
    mine, theirs = one.shape[1], other.shape[1]
    if min(mine, theirs) < least:
        return 0.0, 0
    size = fft.next_fast_len(mine + theirs)
    product = fft.rfft(one, size, axis=1) * np.conj(fft.rfft(other, size, axis=1))
    together = fft.irfft(product.sum(axis=0), size)
    shifts = np.arange(least - theirs, mine - least + 1)
    first, last = np.maximum(0, shifts), np.minimum(mine, theirs + shifts)
    energies = _between(one, first, last) * _between(other, first - shifts, last - shifts)
    floor = (last - first).astype(np.float64) ** 2  # 1 dB² a column on either side
    heard = np.where(energies > floor, together[shifts % size], 0.0)
    values = heard / np.sqrt(np.maximum(energies, floor))
    best = int(values.argmax())
    return float(values[best]), int(last[best] - first[best])


def _chosen(collections: Sequence[Excerpts], splits: tuple[str, ...]) -> list[tuple[Excerpts, int]]:
    return [(e, row) for e in collections for row, s in enumerate(e.splits) if s in splits]


def _rises(mel: UnitBytes, groups: int) -> FloatArray:
    """By how many dB groups of bands rise from one pair of columns to the next."""
    bands = mel[8:120, :FRAMES].astype(np.float32) * np.float32(
        GENRESCOPE_MEL.dynamic_range_db / 255
    )
    columns = bands.shape[1] // 2
    grouped = bands[:, : 2 * columns].reshape(groups, -1, columns, 2).mean(axis=(1, 3))
    rises: FloatArray = np.clip(np.diff(grouped, axis=1), -BURST_DB, BURST_DB)
    return rises


def _between(values: FloatArray, first: NDArray[np.intp], last: NDArray[np.intp]) -> FloatArray:
    energy = np.concatenate([[0.0], np.cumsum((values.astype(np.float64) ** 2).sum(axis=0))])
    inside: FloatArray = energy[last] - energy[first]
    return inside


def _might(
    judges: Sequence[tuple[Excerpts, int]], taught: Sequence[tuple[Excerpts, int]]
) -> list[tuple[int, int]]:
    """Pairs whose coarse correlation, with every band counting the same, is at least `MIGHT`."""
    mine, theirs = _spectra(judges), np.conj(_spectra(taught)).transpose(0, 2, 1)
    shifts = np.arange(FRAMES)
    overlaps = FRAMES // 2 - 1 - np.minimum(shifts, FRAMES - shifts)
    usable = overlaps >= LEAST_SECONDS / COLUMN_SECONDS / 2
    weights = (1 / (COARSE * overlaps[usable])).astype(np.float32)[:, None, None]
    pairs: list[tuple[int, int]] = []
    for begin in range(0, len(judges), AT_ONCE):
        product = np.matmul(mine[:, begin : begin + AT_ONCE], theirs)
        together = fft.irfft(product, FRAMES, axis=0, workers=os.cpu_count())
        best = (together[usable] * weights).max(axis=0)
        pairs += [(begin + int(i), int(j)) for i, j in np.argwhere(best >= MIGHT)]
    return pairs


def _spectra(chosen: Sequence[tuple[Excerpts, int]]) -> NDArray[np.complex64]:
    """Of the standardised rises of each excerpt, shape (frequencies, excerpts, groups)."""
    padded = np.zeros((len(chosen), COARSE, FRAMES), np.float32)
    for place, (excerpts, row) in enumerate(chosen):
        rises = _rises(excerpts.mel[row], COARSE)
        rises = rises - rises.mean(axis=1, keepdims=True)
        spread = rises.std(axis=1, keepdims=True)
        padded[place, :, : rises.shape[1]] = np.where(
            spread > 0.2, rises / np.maximum(spread, 0.2), 0.0
        )
    spectra: NDArray[np.complex64] = fft.rfft(padded, axis=2).transpose(2, 0, 1)
    return np.ascontiguousarray(spectra)


def _without(excerpts: Excerpts, repeats: Sequence[Repeat]) -> Excerpts:
    names = {repeat.taught for repeat in repeats if repeat.taught_set == excerpts.dataset}
    songs = {s for n, s in zip(excerpts.names, excerpts.songs, strict=True) if n in names}
    splits = tuple(
        "excluded" if split in TEACHING and song in songs else split
        for song, split in zip(excerpts.songs, excerpts.splits, strict=True)
    )
    return replace(excerpts, splits=splits)
