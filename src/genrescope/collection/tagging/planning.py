"""A plan: which genres would be written into which files. A CSV file, to be read and changed."""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal

import numpy as np

from genrescope.audio.source import shown
from genrescope.collection.export import writing_whole
from genrescope.collection.spreadsheet import as_meant, harmless
from genrescope.collection.table import Table
from genrescope.collection.tagging.formats import ID3_SEPARATOR, Genres, as_written, read_genres
from genrescope.types import Failure, TagError, refuse

COLUMNS = ("path", "before", "after", "probability", "format")
BETWEEN = "; "
"""Between several genres in a cell."""


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


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan: what stands in a file's tags, and what is to."""

    path: bytes
    before: tuple[str, ...]
    after: tuple[str, ...]
    probability: float | None = None
    kind: str = ""


def read_words(path: Path, labels: tuple[str, ...]) -> dict[str, str]:
    """Read a table of one's own words: TOML lines such as ``"Hip-Hop" = "Rap & Hip-Hop"``.

    Raises
    ------
    TagError
        If it cannot be read, or names a genre that the models do not know.
    """
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TagError(f"{shown(str(path))}: cannot be read as TOML ({error})") from error
    wrong = [name for name, word in words.items() if not isinstance(word, str)]
    refuse(bool(wrong), f"{shown(str(path))}: not a word for {', '.join(wrong)}", TagError)
    _check_genres(words, labels, f"{shown(str(path))}: ")
    return words


def parse_words(text: str, labels: tuple[str, ...]) -> dict[str, str]:
    r"""One's own words as people type them: lines such as ``Hip-Hop = Rap & Hip-Hop``.

    A line in quotes, as `read_words` wants it, says the same; nothing behind the ``=`` leaves
    the genre out.

    Raises
    ------
    TagError
        If a line has no ``=``, or names a genre twice or one that the models do not know.

    >>> parse_words('Rap = Hip-Hop\n"Pop" = ""', ("Pop", "Rap"))
    {'Rap': 'Hip-Hop', 'Pop': ''}
    """
    words: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, sign, word = (part.strip() for part in line.replace("＝", "=", 1).partition("="))
        refuse(not sign, f"no = in {line!r}: write a genre, =, and your word for it", TagError)
        name = _bare(name)
        refuse(name in words, f"two words for {name}", TagError)
        words[name] = _bare(word)
    _check_genres(words, labels)
    return words


def _bare(word: str) -> str:
    quoted = len(word) > 1 and word[0] == word[-1] == '"'
    return word[1:-1] if quoted else word


def _check_genres(words: Mapping[str, str], labels: tuple[str, ...], where: str = "") -> None:
    unknown = [name or "(nothing)" for name in words if name not in labels]
    there = ", ".join(labels)
    said = f"{where}no genre {', '.join(unknown)}; there are: {there}"
    refuse(bool(unknown), said, TagError)


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


def write_plan(changes: Iterator[Change] | list[Change], path: Path) -> int:
    """Write a plan as CSV, whole or not at all; how many lines it has.

    Raises
    ------
    CollectionError
        If it cannot be written.
    """
    count = 0
    with (
        writing_whole(path) as partial,
        partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in changes:
            share = "" if one.probability is None else f"{one.probability:.4f}"
            cells = (os.fsdecode(one.path), _join(one.before), _join(one.after), share, one.kind)
            writer.writerow(cells)
            count += 1
    return count


def read_plan(path: Path) -> tuple[Change, ...]:
    """Read a plan, changed by hand or not; ``path``, ``before`` and ``after`` are what counts.

    Raises
    ------
    TagError
        If it is no plan.
    """
    name = shown(str(path))
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            head = file.read(1)
            if head != "\ufeff":  # what spreadsheets put before UTF-8
                file.seek(0)
            reader = csv.DictReader(file)
            rows, columns = list(reader), set(reader.fieldnames or ())
    except FileNotFoundError as error:
        raise TagError(f"{name}: no such file") from error
    except (OSError, ValueError, csv.Error) as error:
        raise TagError(f"{name}: cannot be read as a plan ({error})") from error
    refuse(
        not columns >= set(COLUMNS[:3]),
        f"{name}: no plan: that is a table with the columns path, before and after. Make one with "
        "`genrescope tag plan`",
        TagError,
    )
    changes = []
    for number, row in enumerate(rows, 1):
        cells = [row.get(column) for column in COLUMNS[:3]]
        if any(not isinstance(cell, str) for cell in cells) or not cells[0]:
            raise TagError(
                f"{name}: line {number} of the table is no line of a plan: it needs path, "
                "before and after. Make one with `genrescope tag plan`"
            )
        source, before, after = (str(cell) for cell in cells)
        changes.append(Change(os.fsencode(source), _split(before), _split(after)))
    twice = len({one.path for one in changes}) != len(changes)
    refuse(twice, f"{name}: a file stands in it twice", TagError)
    return tuple(changes)


def _join(words: tuple[str, ...]) -> str:
    r"""Words in one cell; a ``;`` within a word is written ``\:``.

    Every word by itself is made harmless: some spreadsheets part cells at a ``;``.
    """
    quoted = (word.replace("\\", "\\\\").replace(";", "\\:") for word in words)
    return BETWEEN.join(harmless(word) for word in quoted)


def _split(cell: str) -> tuple[str, ...]:
    r"""What `_join` joined.

    >>> _split(_join(("R&B; Soul", "Jazz", "=1+1")))
    ('R&B; Soul', 'Jazz', '=1+1')
    """
    words, word, letters = [], "", iter(cell)
    for letter in letters:
        if letter == "\\":
            after = next(letters, "\\")
            word += ";" if after == ":" else after
        elif letter == ";":
            words.append(word)
            word = ""
        else:
            word += letter
    return tuple(as_meant(one.strip()) for one in [*words, word] if one.strip())
