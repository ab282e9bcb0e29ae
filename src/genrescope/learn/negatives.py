"""Sounds that are no music: ESC-10 (Piczak 2015, doi 10.1145/2733373.2806390).

Ten classes of twenty clips, five seconds each, repeated to ten. The collection's folds keep the
clips of one source recording together; one fold teaches, one chooses and one judges. There is no
speech among them but crying and sneezing.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from genrescope.learn.datasets import read_arrays
from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.types import TrainingError

FILE = "ambient.npz"
TERMS = "ESC-10: CC BY, by clip"
FOLD_SPLITS = {1: "train", 2: "test", 3: "valid"}
NAME = re.compile(r"(?P<fold>\d+)-(?P<source>\d+)-(?P<take>[A-Z])\.\w+$")


def load_negatives(folder: Path) -> Excerpts:
    """Read ``ambient.npz`` from `folder`.

    Returns
    -------
    Excerpts
        Without genres; `groups` and `songs` are source recordings, `splits` are folds.

    Raises
    ------
    TrainingError
        If the file is not there, or a clip's name does not tell its fold and source.
    """
    arrays = read_arrays(folder, FILE)
    names = tuple(str(name) for name in arrays["name"])
    parts = [_read_name(name) for name in names]
    sources = tuple(source for _, source in parts)
    return Excerpts(
        dataset="ambient",
        mel=arrays["mel"],
        cqt=arrays["cqt"],
        genres=("",) * len(names),
        names=names,
        groups=sources,
        songs=sources,
        splits=tuple(split for split, _ in parts),
        terms=TERMS,
    )


def _read_name(name: str) -> tuple[str, str]:
    """Split and source recording of a clip.

    >>> _read_name("Rain_2-101676-A.ogg")
    ('test', '101676')
    """
    found = NAME.search(name)
    if found is None or int(found["fold"]) not in FOLD_SPLITS:
        raise TrainingError(f"ambient: {name!r} does not tell its fold and source recording")
    return FOLD_SPLITS[int(found["fold"])], found["source"]


def as_negatives_are(pictures: UnitBytes) -> UnitBytes:
    """Music in the form of the ambient clips: five seconds from the middle, twice, at their peak.

    What told them apart by this form alone would tell nothing of music.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, bands, columns)

    Returns
    -------
    ndarray of uint8, shape (n, bands, 128)
        dB relative to the loudest value of the five seconds.
    """
    middle = pictures.shape[2] // 2
    part = pictures[:, :, middle - 32 : middle + 32].astype(np.int16)
    raised = part + (255 - part.max(axis=(1, 2), keepdims=True))
    kept: UnitBytes = np.where(part > 0, raised, 0).astype(np.uint8)
    return np.concatenate([kept, kept], axis=2)
