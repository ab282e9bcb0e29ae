"""What the songs are called: spellings joined, a taxonomy's names, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from genrescope.classification.taxonomies import Taxonomy
from genrescope.learn.own.song import Song, artist_key
from genrescope.learn.splits import plain_name
from genrescope.types import TrainingError, refuse

LEAST_SONGS = 5
"""A genre with fewer cannot teach, choose and judge at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One genre as it will be learned.

    Attributes
    ----------
    label : str
    spellings : tuple of str
        What was found and taken for it, most frequent first.
    songs, artists, unknown : int
        Songs; artists known by name; songs whose artist nothing tells.
    """

    label: str
    spellings: tuple[str, ...]
    songs: int
    artists: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """Songs under the labels that will be learned.

    Attributes
    ----------
    songs : tuple of Song
    rows : tuple of Row
        One a label, in the order of the network's outputs.
    left_out : tuple of (str, int, str)
        Labels that are not learned, with their songs and the reason.
    hints : tuple of str
        What a person should look at.
    """

    songs: tuple[Song, ...]
    rows: tuple[Row, ...]
    left_out: tuple[tuple[str, int, str], ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the network's outputs."""
        return tuple(row.label for row in self.rows)


def label_songs(
    songs: Iterable[Song], taxonomy: Taxonomy | None = None, skip_small: bool = False
) -> Labelled:
    """Settle the labels.

    Spellings that differ only by case become one, under the most frequent. With a taxonomy a
    label becomes the one there that differs at most by case and punctuation; others are left out.

    Parameters
    ----------
    songs : iterable of Song
        Each with a label.
    taxonomy : Taxonomy, optional
        By default labels are the songs' own, in alphabetical order.
    skip_small : bool
        Whether genres with fewer than `LEAST_SONGS` songs are left out.

    Returns
    -------
    Labelled
    """
    given = list(songs)
    spelled = Counter(song.label for song in given)
    known = {} if taxonomy is None else {plain_name(label): label for label in taxonomy.labels}
    names = _joined(spelled) if taxonomy is None else {s: known.get(plain_name(s)) for s in spelled}
    left: dict[str, tuple[int, str]] = {}
    members: dict[str, list[Song]] = {}
    for song in given:
        name = names[song.label]
        if name is None:
            assert taxonomy is not None
            left[song.label] = (spelled[song.label], f"no label of {taxonomy.name}")
        else:
            members.setdefault(name, []).append(song)
    if skip_small:
        for name in [name for name, group in members.items() if len(group) < LEAST_SONGS]:
            left[name] = (len(members.pop(name)), f"fewer than {LEAST_SONGS} songs")
    order = sorted(members, key=str.casefold) if taxonomy is None else taxonomy.labels
    labels = [label for label in order if label in members]
    rows = tuple(_row(label, members[label]) for label in labels)
    kept = tuple(replace(song, label=label) for label in labels for song in members[label])
    out = tuple((label, count, reason) for label, (count, reason) in left.items())
    return Labelled(kept, rows, out, _alike(labels))


def _joined(spelled: Counter[str]) -> dict[str, str | None]:
    """Every spelling to the most frequent of those that differ from it only by case."""
    best: dict[str, str] = {}
    for spelling, _ in sorted(spelled.items(), key=lambda entry: (-entry[1], entry[0])):
        best.setdefault(spelling.casefold(), spelling)
    return {spelling: best[spelling.casefold()] for spelling in spelled}


def _row(label: str, songs: list[Song]) -> Row:
    spellings = Counter(song.label for song in songs)
    keys = [artist_key(song.artist) for song in songs]
    return Row(
        label,
        tuple(spelling for spelling, _ in spellings.most_common()),
        len(songs),
        len({key for key in keys if key}),
        sum(not key for key in keys),
    )


def _alike(labels: list[str]) -> tuple[str, ...]:
    """Labels that only punctuation tells apart: perhaps one genre, spelled twice."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(plain_name(label), []).append(label)
    return tuple(
        f"{' and '.join(map(repr, group))} are learned as different genres; if they are one, "
        "give them one name"
        for plain, group in groups.items()
        if plain and len(group) > 1
    )


def check_enough(labelled: Labelled) -> None:
    """Refuse what cannot be learned.

    Raises
    ------
    TrainingError
        With fewer than two labels, or a label of fewer than `LEAST_SONGS` songs; it says which
        and what to do.
    """
    small = [f"{row.label} ({row.songs})" for row in labelled.rows if row.songs < LEAST_SONGS]
    refuse(
        bool(small),
        f"too few songs to learn from: {', '.join(small)}; a genre needs {LEAST_SONGS}. Add songs, "
        "put the genre together with another, or leave such genres out with --skip-small",
        TrainingError,
    )
    names = ", ".join(labelled.labels) or "none"
    out = ", ".join(f"{label} ({count}: {why})" for label, count, why in labelled.left_out)
    refuse(
        len(labelled.rows) < 2,
        f"there is nothing to tell apart: genres with songs are {names}"
        + (f"; left out: {out}" if out else "")
        + ". Two or more are needed",
        TrainingError,
    )
