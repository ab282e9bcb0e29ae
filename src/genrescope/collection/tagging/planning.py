"""What rules would write into which files: a plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal

import numpy as np

from genrescope.collection.table import Table
from genrescope.collection.tagging.formats import ID3_SEPARATOR, Genres, as_written, read_genres
from genrescope.collection.tagging.plan_file import Change
from genrescope.types import Failure, TagError


@dataclass(frozen=True, slots=True)
class Rules:
    """What is written where.

    Attributes
    ----------
    threshold : float
        Least probability of a genre that is written.
    top : int
        So many genres at most.
    existing : {'leave', 'add', 'replace'}
        Of files that have a genre: leave them alone, add to theirs, or replace it.
    words : mapping of str to str
        One's own words for genres; an empty word leaves the genre out.
    separator : str
        Joins several genres into one value; "" writes several values where the format has them.
    separators : mapping of str to str
        The same for files of one ending, in small letters and without the dot.
    """

    threshold: float = 0.5
    top: int = 1
    existing: Literal["leave", "add", "replace"] = "leave"
    words: Mapping[str, str] | None = None
    separator: str = ""
    separators: Mapping[str, str] = field(default_factory=dict)

    def separator_of(self, path: str) -> str:
        """What joins several genres into one value of this file.

        >>> rules = Rules(separator="; ", separators={"flac": ""})
        >>> rules.separator_of("a.mp3"), rules.separator_of("a.FLAC")
        ('; ', '')
        """
        ending = PurePath(path).suffix.lower().removeprefix(".")
        return self.separators.get(ending, self.separator)


def make_plan(table: Table, rules: Rules) -> Iterator[Change | Failure]:
    """What the rules would change, file by file; files that stay as they are have no line.

    Parameters
    ----------
    table : Table
    rules : Rules

    Yields
    ------
    Change or Failure
        A failure where tags cannot be read.
    """
    for row, path in enumerate(table.paths):
        chosen = _chosen(table, row, rules)
        if not chosen:
            continue
        try:
            found = read_genres(Path(os.fsdecode(path)))
        except TagError as error:
            name = table.names[row]
            yield Failure(name, "tags", str(error).removeprefix(f"{name}: "))
            continue
        separator = rules.separator_of(os.fsdecode(path))
        after = _after(found, chosen, rules.existing, separator)
        if found.values not in (after, as_written(after, found.kind)):
            probability = float(table.figures["probability"][row])
            yield Change(path, found.values, after, probability, found.kind)


def _chosen(table: Table, row: int, rules: Rules) -> tuple[str, ...]:
    shares = table.mean[row]
    order = np.argsort(-shares, kind="stable")[: rules.top]
    labels = [table.labels[i] for i in order if shares[i] >= rules.threshold]
    words = [(rules.words or {}).get(label, label) for label in labels]
    return tuple(dict.fromkeys(word for word in words if word))


def _after(
    found: Genres, chosen: tuple[str, ...], existing: str, separator: str
) -> tuple[str, ...]:
    before = found.values
    if before and existing == "leave":
        return before
    kept = before if existing == "add" else ()
    marks = [separator, *([ID3_SEPARATOR] if found.kind == "ID3v2.3" else [])]
    new = tuple(word for word in chosen if not _stands_in(word, kept, marks))
    if kept and not new:
        return before  # one's own values stay as they were parted
    all_of_them = (*kept, *new)
    return (separator.join(all_of_them),) if separator else all_of_them


def _stands_in(word: str, values: tuple[str, ...], marks: list[str]) -> bool:
    """Whether a word is one of the values, or of the words that marks join to a value.

    >>> _stands_in("Rock", ("Jazz/Rock",), ["/"]), _stands_in("Rock", ("Folk Rock",), [""])
    (True, False)
    >>> _stands_in("Folk/Country", ("Jazz/Folk/Country",), ["/"])
    True
    """
    wanted = _parts(word, marks)
    return any(
        parts[start : start + len(wanted)] == wanted
        for parts in (_parts(value, marks) for value in values)
        for start in range(len(parts))
    )


def _parts(value: str, marks: list[str]) -> list[str]:
    """A value's words, to compare; a word that holds a mark comes apart wherever it stands."""
    parts = [value.casefold()]
    for mark in marks:
        between = mark.strip().casefold() or mark
        if between:
            parts = [piece for part in parts for piece in part.split(between)]
    return [part.strip() for part in parts]
