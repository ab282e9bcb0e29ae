"""Real audio from many small sources, with mel and constant-Q of the same sound.

Genres were given by hand from artist and title; the split is by artist. Licences stand with
every excerpt in the collection; many sources state none.
"""

from __future__ import annotations

from pathlib import Path

from genrescope.learn.datasets import read_arrays
from genrescope.learn.excerpts import Excerpts

TERMS = "mixed: free licences, and commercial recordings whose sources state none"


def load(folder: Path) -> Excerpts:
    """Read ``audio_pairs.npz`` from `folder`."""
    return read_pairs(folder, "audio_pairs", TERMS)


def read_pairs(folder: Path, dataset: str, terms: str) -> Excerpts:
    """Read one file of the paired form, ``DATASET.npz``."""
    arrays = read_arrays(folder, f"{dataset}.npz")
    count = len(arrays["mel"])
    artists = [str(artist) for artist in arrays["artist"]]
    titles = [str(title) for title in arrays["title"]]
    return Excerpts(
        dataset=dataset,
        mel=arrays["mel"],
        cqt=arrays["cqt"],
        genres=tuple(str(genre) for genre in arrays["genre"]),
        names=tuple(f"{i:04d} {artists[i]} / {titles[i]}" for i in range(count)),
        groups=tuple(artists[i] or f"unknown: {titles[i]}" for i in range(count)),
        songs=tuple(song_of(artists[i], titles[i]) for i in range(count)),
        splits=tuple(str(split) for split in arrays["split"]),
        terms=terms,
    )


def song_of(artist: str, title: str) -> str:
    """Artist and title as other collections write them; many titles here begin with the artist.

    Examples
    --------
    >>> song_of("Shania Twain", "Shania Twain - Any Man Of Mine")
    'Shania Twain - Any Man Of Mine'
    >>> song_of("Lil Tecca", "LOT OF ME")
    'Lil Tecca - LOT OF ME'
    """
    return f"{artist} - {title.removeprefix(f'{artist} - ')}"
