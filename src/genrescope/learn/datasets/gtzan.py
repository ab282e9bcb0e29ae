"""GTZAN (Tzanetakis and Cook 2002, doi 10.1109/TSA.2002.800560), ten genres, 30 s each.

The split is the fault-filtered one of Kereliuk, Sturm and Larsen (2015, doi
10.1109/TMM.2015.2478068): repeated and damaged excerpts are excluded altogether.
"""

from __future__ import annotations

from pathlib import Path

from genrescope.learn.datasets import read_arrays
from genrescope.learn.excerpts import Excerpts, stretch_columns

GENRES = {
    "blues": "Blues",
    "classical": "Classical",
    "country": "Country",
    "disco": "Disco",
    "hiphop": "Hip-Hop",
    "jazz": "Jazz",
    "metal": "Metal",
    "pop": "Pop",
    "reggae": "Reggae",
    "rock": "Rock",
}

SECONDS = 30.0
COLUMN_SECONDS = 1728 / 22050


def load(folder: Path) -> Excerpts:
    """Read ``mel_gtzan.npz`` from `folder`."""
    arrays = read_arrays(folder, "mel_gtzan.npz")
    names = tuple(str(name) for name in arrays["name"])
    return Excerpts(
        dataset="gtzan",
        mel=stretch_columns(arrays["mel"], round(SECONDS / COLUMN_SECONDS) + 1),
        cqt=None,
        genres=tuple(GENRES[str(genre)] for genre in arrays["genre"]),
        names=names,
        groups=names,
        songs=names,
        splits=tuple(str(split) for split in arrays["split"]),
        terms="none stated (commercial recordings)",
    )
