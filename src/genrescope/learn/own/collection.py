"""Songs with their pictures as one `Excerpts`, split and checked like every collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.learn.own.copies import find_copies
from genrescope.learn.own.draw import Drawings, Sheets
from genrescope.learn.own.find import Tell
from genrescope.learn.own.label import LEAST_SONGS, Labelled
from genrescope.learn.own.song import Passed, Song, artist_key
from genrescope.learn.own.split import split_songs
from genrescope.learn.splits import check_leaks
from genrescope.types import (
    GENRESCOPE_MEL,
    AudioError,
    SpectrogramSpec,
    TrainingError,
    refuse,
)

DATASET = "own songs"
TERMS = "a person's own collection; terms not stated"


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """One's own songs, ready to learn from.

    Attributes
    ----------
    excerpts : Excerpts
    songs : tuple of Song
        Those that are used.
    splits : tuple of str
        Of every song.
    passed : tuple of Passed
        Files that could not be drawn, copies, and what stands under two labels.
    joined : tuple of (str, str)
        Songs that sound alike and so stay in one split.
    """

    excerpts: Excerpts
    songs: tuple[Song, ...]
    splits: tuple[str, ...]
    passed: tuple[Passed, ...]
    joined: tuple[tuple[str, str], ...]

    def counts(self) -> dict[str, Counter[str]]:
        """Songs of every label in every split."""
        table: dict[str, Counter[str]] = {}
        for song, split in zip(self.songs, self.splits, strict=True):
            table.setdefault(song.label, Counter())[split] += 1
        return table

    @property
    def unknown_artists(self) -> int:
        """Songs whose artist nothing tells."""
        return sum(not artist_key(song.artist) for song in self.songs)

    def how_split(self) -> str:
        """One sentence on how the songs were kept apart."""
        origins = Counter(song.artist_from for song in self.songs if artist_key(song.artist))
        words = {"table": "the table", "name": "file names", "tag": "tags", "folder": "sub-folders"}
        known = ", ".join(f"{words[o]} ({n})" for o, n in origins.most_common())
        if not known:
            return "by song: nothing tells the artists, so one artist may stand on both sides"
        text = f"by artist, no artist on two sides; artists from {known}"
        if self.unknown_artists:
            text += (
                f"; {self.unknown_artists} songs by song, their artists unknown, so an artist of "
                "theirs may stand on both sides"
            )
        return text


def recipes_for(spec: SpectrogramSpec) -> tuple[SpectrogramSpec, ...]:
    """What is drawn for a network of that recipe; mels stand in every collection."""
    return (spec,) if spec.kind == "mel" else (GENRESCOPE_MEL, spec)


def collect(
    labelled: Labelled, spec: SpectrogramSpec, folder: Path, tell: Tell | None = None
) -> Collection:
    """Draw all songs, leave copies out, split, and check for leaks.

    Parameters
    ----------
    labelled : Labelled
    spec : SpectrogramSpec
        Of the network that will learn.
    folder : Path
        Of the pictures that are kept.
    tell : callable, optional
        Called before each song.

    Raises
    ------
    TrainingError
        If after what could not be read a label has too few songs, or none can be tested.
    """
    recipes = recipes_for(spec)
    drawings = Drawings(folder, recipes)
    drawn: list[tuple[Song, tuple[Sheets, ...]]] = []
    passed: list[Passed] = []
    for number, song in enumerate(labelled.songs):
        if tell is not None:
            tell(number, len(labelled.songs), song.name)
        try:
            drawn.append((song, drawings.draw(song.path)))
        except AudioError as error:
            passed.append(Passed(song.name, _reason(error, song)))
    kept = find_copies([song for song, _ in drawn], [sheets[0] for _, sheets in drawn])
    passed.extend(kept.passed)
    songs = [drawn[i][0] for i in kept.places]
    _check_counts(labelled.labels, songs, passed)
    splits = split_songs([song.label for song in songs], kept.groups)
    refuse("test" not in splits, _untestable(labelled.labels), TrainingError)
    sheets = [drawn[i][1] for i in kept.places]
    excerpts = _excerpts(songs, sheets, kept.groups, splits)
    check_leaks([excerpts])
    return Collection(excerpts, tuple(songs), splits, tuple(passed), kept.joined)


def _reason(error: AudioError, song: Song) -> str:
    """An error's sentence without the name that stands before it anyway."""
    return str(error).removeprefix(f"{song.path}: ")


def _check_counts(labels: Sequence[str], songs: list[Song], passed: list[Passed]) -> None:
    left = Counter(song.label for song in songs)
    small = [f"{label} ({left[label]})" for label in labels if left[label] < LEAST_SONGS]
    if small:
        why = "; ".join(f"{p.name}: {p.reason}" for p in passed[:5])
        more = f"; and {len(passed) - 5} more" if len(passed) > 5 else ""
        raise TrainingError(
            f"too few songs are left of {', '.join(small)}; a genre needs {LEAST_SONGS}. "
            f"Not used: {why}{more}"
        )


def _untestable(labels: Sequence[str]) -> str:
    return (
        f"none of {', '.join(labels)} has songs by two artists, so none could be tested on an "
        "artist it has not learned: add songs by others, or give a table without artists "
        "(--labels-from csv) if by song is good enough for you"
    )


def _excerpts(
    songs: list[Song],
    sheets: list[tuple[Sheets, ...]],
    groups: tuple[str, ...],
    splits: tuple[str, ...],
) -> Excerpts:
    """One excerpt a span; of recipes whose spans differ in length, as many as all of them have."""
    counts = [min(len(sheet.values) for sheet in own) for own in sheets]
    places = [i for i, count in enumerate(counts) for _ in range(count)]
    numbers = [n for count in counts for n in range(count)]

    def stack(recipe: int) -> UnitBytes:
        pairs = zip(sheets, counts, strict=True)
        return np.concatenate([own[recipe].values[:count] for own, count in pairs])

    return Excerpts(
        dataset=DATASET,
        mel=stack(0),
        cqt=stack(1) if len(sheets[0]) > 1 else None,
        genres=tuple(songs[i].label for i in places),
        names=tuple(f"{songs[i].name} {n}" for i, n in zip(places, numbers, strict=True)),
        groups=tuple(groups[i] for i in places),
        songs=tuple(f"{i:05d} {songs[i].name}" for i in places),
        splits=tuple(splits[i] for i in places),
        terms=TERMS,
    )
