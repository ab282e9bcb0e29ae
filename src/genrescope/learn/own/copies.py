"""The same sound in two files: found, so that none teaches what another judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genrescope.learn.own.draw import Sheets
from genrescope.learn.own.song import Passed, Song
from genrescope.spectrogram.picture import resize
from genrescope.types import FloatArray

ALIKE = 0.8
"""Songs whose prints agree by more are one recording. Measured on 27 clips: the same clip saved
again as MP3 or Ogg 0.87 to 1.00, different clips at most 0.48."""

PRINT_SIZE = (32, 96)
BLOCK = 256


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left when copies are gone.

    Attributes
    ----------
    places : tuple of int
        Which songs are used.
    groups : tuple of str
        Of these: no group may stand in two splits.
    passed : tuple of Passed
        The copies, and what stands under two labels.
    joined : tuple of (str, str)
        Names of songs that sound alike and so stay in one split.
    """

    places: tuple[int, ...]
    groups: tuple[str, ...]
    passed: tuple[Passed, ...]
    joined: tuple[tuple[str, str], ...]


def find_copies(songs: Sequence[Song], sheets: Sequence[Sheets]) -> Kept:
    """Keep one of every sound, none where its labels contradict each other, and join what is alike.

    Parameters
    ----------
    songs : sequence of Song
    sheets : sequence of Sheets
        Of each song.

    Returns
    -------
    Kept
    """
    passed: list[Passed] = []
    same: dict[str, list[int]] = {}
    for place, one in enumerate(sheets):
        same.setdefault(one.digest, []).append(place)
    places = []
    for members in same.values():
        first = songs[members[0]]
        labels = sorted({songs[i].label for i in members})
        if len(labels) > 1:
            reason = f"the same sound stands under {' and '.join(labels)}: none of them is used"
            passed.extend(Passed(songs[i].name, reason) for i in members)
            continue
        places.append(members[0])
        reason = f"the same sound as {first.name}"
        passed.extend(Passed(songs[i].name, reason) for i in members[1:])
    places.sort()
    alike = _alike(np.stack([fingerprint(sheets[i]) for i in places])) if places else []
    groups = _join([songs[i].group for i in places], alike)
    joined = tuple((songs[places[a]].name, songs[places[b]].name) for a, b in alike)
    return Kept(tuple(places), tuple(groups), tuple(passed), joined)


def fingerprint(sheets: Sheets) -> FloatArray:
    """A coarse picture of a song's first span, of length 1: products are correlations.

    Returns
    -------
    ndarray of float32, shape (bands * columns of `PRINT_SIZE`,)
    """
    picture = sheets.values[0].astype(np.float32)
    coarse = resize(picture, *PRINT_SIZE)
    coarse = coarse - coarse.mean(axis=1, keepdims=True)
    flat: FloatArray = coarse.ravel() / max(float(np.linalg.norm(coarse)), 1e-6)
    return flat


def _alike(prints: FloatArray) -> list[tuple[int, int]]:
    """Pairs that agree by more than `ALIKE`, each with the smaller number first."""
    pairs: list[tuple[int, int]] = []
    for first in range(0, len(prints), BLOCK):
        near = prints[first : first + BLOCK] @ prints[: first + BLOCK].T > ALIKE
        later, earlier = np.nonzero(near)
        pairs.extend((int(b), int(a) + first) for a, b in zip(later, earlier, strict=True))
    return sorted((a, b) for a, b in pairs if a < b)


def _join(groups: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[str]:
    """Groups of which two are one as soon as a pair reaches from one to the other."""
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            group = parent[group]
        return group

    for a, b in pairs:
        parent[root(groups[b])] = root(groups[a])
    return [root(group) for group in groups]
