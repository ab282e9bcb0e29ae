"""Labelled spectrograms in memory: what every data set delivers and all of `learn` works on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genrescope.spectrogram.picture import resize_matrix
from genrescope.types import TrainingError, refuse

UnitBytes = NDArray[np.uint8]
"""dB as bytes: 0…255 stands for −80…0 dB."""

SPLITS = ("train", "valid", "test", "unlabelled", "excluded")


@dataclass(frozen=True, slots=True, eq=False)
class Excerpts:
    """Excerpts of one collection.

    Attributes
    ----------
    dataset : str
    mel : ndarray of uint8, shape (n, 128, frames)
        At the recipe's columns (78.4 ms).
    cqt : ndarray of uint8, shape (n, 84, frames), or None
        Where the collection has it, or where it was translated.
    genres : tuple of str, length n
        A label each, or "" where unknown.
    names : tuple of str, length n
        Unique within the data set.
    groups : tuple of str, length n
        Artist, or song where the artist is unknown: no group stands in two splits.
    songs : tuple of str, length n
        Excerpts of one recording share it: figures are counted by song.
    splits : tuple of str, length n
        Each one of `SPLITS`.
    terms : str
        Under which terms the collection stands.
    cqt_translated : bool
        Whether `cqt` was made from `mel` by a network.
    """

    dataset: str
    mel: UnitBytes
    cqt: UnitBytes | None
    genres: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    songs: tuple[str, ...]
    splits: tuple[str, ...]
    terms: str
    cqt_translated: bool = False

    def __post_init__(self) -> None:
        n = self.mel.shape[0]
        for field in ("genres", "names", "groups", "songs", "splits"):
            refuse(
                len(getattr(self, field)) != n, f"{self.dataset}: {field} not {n}", TrainingError
            )
        refuse(
            self.mel.dtype != np.uint8 or self.mel.ndim != 3,
            "mel is uint8 (n, bands, frames)",
            TrainingError,
        )
        other = self.cqt is not None and len(self.cqt) != n
        refuse(other, f"{self.dataset}: constant-Q pictures not {n}", TrainingError)
        unknown = set(self.splits) - set(SPLITS)
        refuse(bool(unknown), f"{self.dataset}: unknown splits {sorted(unknown)}", TrainingError)
        refuse(len(set(self.names)) != n, f"{self.dataset}: a name stands twice", TrainingError)

    def __len__(self) -> int:
        return len(self.names)

    def take(self, keep: NDArray[np.bool_]) -> Excerpts:
        """Only the excerpts where `keep`, shape (n,), holds."""
        index = np.flatnonzero(keep)

        def pick(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in index)

        return replace(
            self,
            mel=self.mel[index],
            cqt=None if self.cqt is None else self.cqt[index],
            genres=pick(self.genres),
            names=pick(self.names),
            groups=pick(self.groups),
            songs=pick(self.songs),
            splits=pick(self.splits),
        )

    def split(self, name: str) -> Excerpts:
        """The excerpts of one split that have a genre."""
        keep = [s == name and bool(g) for s, g in zip(self.splits, self.genres, strict=True)]
        return self.take(np.asarray(keep, dtype=bool))

    def unlabelled(self) -> Excerpts:
        """The excerpts that nobody has labelled, and that may teach."""
        return self.take(np.asarray([s == "unlabelled" for s in self.splits], dtype=bool))

    def pictures(self, kind: str) -> UnitBytes:
        """The spectrograms of that kind, shape (n, bands, frames).

        Raises
        ------
        TrainingError
            If the collection has none of that kind.
        """
        if kind == "mel":
            return self.mel
        if kind == "cqt" and self.cqt is not None:
            return self.cqt
        raise TrainingError(f"{self.dataset} has no {kind} spectrograms")

    @property
    def digest(self) -> str:
        """SHA-256 over names and genres, in order."""
        text = "\n".join(f"{n}\t{g}" for n, g in zip(self.names, self.genres, strict=True))
        return hashlib.sha256(f"{self.dataset}\n{text}".encode()).hexdigest()

    @property
    def sound_digest(self) -> str:
        """SHA-256 over the pictures themselves: other sound under the same names has another."""
        if self.cqt is None:
            return self.mel_digest
        return hashlib.sha256(self.mel.tobytes() + self.cqt.tobytes()).hexdigest()

    @property
    def mel_digest(self) -> str:
        """SHA-256 over the mels alone."""
        return hashlib.sha256(self.mel.tobytes()).hexdigest()


def stretch_columns(pictures: UnitBytes, frames: int) -> UnitBytes:
    """Resample every picture in time to `frames` columns.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, bands, columns)
    frames : int

    Returns
    -------
    ndarray of uint8, shape (n, bands, frames)
    """
    matrix = resize_matrix(pictures.shape[2], frames).T
    stretched = np.empty((*pictures.shape[:2], frames), dtype=np.uint8)
    for first in range(0, len(pictures), 64):
        block = pictures[first : first + 64].astype(np.float32) @ matrix
        stretched[first : first + 64] = np.rint(block)
    return stretched
