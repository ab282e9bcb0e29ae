"""A plan as a CSV file, to be read and changed: which genres go into which files."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.collection.export import writing_whole
from genrescope.collection.spreadsheet import as_meant, harmless
from genrescope.types import TagError, refuse

COLUMNS = ("path", "before", "after", "probability", "format")
BETWEEN = "; "
"""Between several genres in a cell."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan: what stands in a file's tags, and what is to."""

    path: bytes
    before: tuple[str, ...]
    after: tuple[str, ...]
    probability: float | None = None
    kind: str = ""


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
