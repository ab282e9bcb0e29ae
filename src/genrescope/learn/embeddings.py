"""What musicnn heard in the collection of real audio: embeddings and tags, excerpt by excerpt.

They are means over consecutive windows of three seconds of the very audio that `audio_pairs`
holds spectrograms of, labelled or not. A row is found by title, source and start; every excerpt
of `audio_pairs` has one, those of `audio_pairs_rock` have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrescope.learn.datasets import read_arrays
from genrescope.types import FloatArray, TrainingError, refuse

FILE = "musicnn/embeddings.npz"
DATASET = "audio_pairs"
PLACE = ("title", "source", "start")


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Embeddings in the order of a collection's excerpts.

    Attributes
    ----------
    embedding : ndarray of float32, shape (n, 200)
        The last layer but one; a mean over windows.
    tags : ndarray of float32, shape (n, 50)
        Probability of each tag; a mean over windows.
    """

    embedding: FloatArray
    tags: FloatArray


def load_embeddings(folder: Path) -> Embeddings:
    """Read the embeddings of every excerpt of ``audio_pairs``, in its order.

    Parameters
    ----------
    folder : Path
        Of the collections.

    Returns
    -------
    Embeddings

    Raises
    ------
    TrainingError
        If a file is not there, a row cannot be told from another, or an excerpt has none.
    """
    given = read_arrays(folder, FILE)
    wanted = read_arrays(folder, f"{DATASET}.npz", PLACE)
    places = _places(given)
    rows = {place: row for row, place in enumerate(places)}
    refuse(len(rows) < len(places), f"{FILE}: an excerpt stands there twice", TrainingError)
    keys = _places(wanted)
    absent = [key for key in keys if key not in rows]
    refuse(
        bool(absent),
        f"{FILE} lacks {len(absent)} excerpts of {DATASET}, e.g. {absent[:1]}",
        TrainingError,
    )
    order = np.array([rows[key] for key in keys])
    return Embeddings(
        embedding=given["embedding"][order].astype(np.float32),
        tags=given["tags"][order].astype(np.float32),
    )


def _places(arrays: dict[str, np.ndarray]) -> list[tuple[str, str, int]]:
    """Title, source, and start in tenths of a second."""
    columns = (arrays[name] for name in PLACE)
    return [(str(t), str(s), round(10 * float(b))) for t, s, b in zip(*columns, strict=True)]
