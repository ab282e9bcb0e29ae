"""A table of songs: a CSV file with a path, a label and perhaps an artist a line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.learn.own.song import Passed, Song, tidy
from genrescope.types import TrainingError, refuse

COLUMNS = {"path": ("path", "file"), "label": ("label", "genre"), "artist": ("artist", "author")}
"""What a column may be called."""


def read_table(path: Path, passed: list[Passed]) -> list[Song]:
    """Songs as a table names them, in its order.

    Parameters
    ----------
    path : Path
        UTF-8, a heading first, fields separated by commas, semicolons or tabs. Paths are
        relative to the table's folder. A path that stands twice with the same label counts once.
    passed : list of Passed
        Gets the lines that name no file.

    Raises
    ------
    TrainingError
        If it cannot be read, lacks a column, or gives one file two labels.
    """
    name = shown(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
        heading = text.partition("\n")[0].strip()
        separator = max(",;\t", key=heading.count)
        lines = io.StringIO(text, newline="")
        reader = csv.DictReader(lines, delimiter=separator, restval="")
        reader.fieldnames = [column.strip() for column in reader.fieldnames or ()]
        rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{name}: not a table in UTF-8 ({error})") from error
    places = _places(name, heading, separator)
    songs: dict[str, Song] = {}
    for number, row in enumerate(rows, 2):
        named = (row.get(places["path"]) or "").strip()
        label = tidy(row.get(places.get("label", "")) or "")
        artist = tidy(row.get(places.get("artist", "")) or "")
        target = path.parent / named
        if not named or not _is_file(target):
            passed.append(Passed(shown(named) or f"line {number}", f"line {number}: no such file"))
            continue
        song = Song(target, shown(named), label, artist, "table" if artist else "")
        other = songs.setdefault(song.name, song)
        refuse(
            other.label != label,
            f"{name}: line {number} calls {song.name} {label!r}, a line above {other.label!r}",
            TrainingError,
        )
    return list(songs.values())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no disk takes
        return False


def _places(name: str, heading: str, separator: str) -> dict[str, str]:
    """Our name of a column to its own."""
    there = [column.strip() for column in next(csv.reader([heading], delimiter=separator), [])]
    places = {}
    for column, spellings in COLUMNS.items():
        own = next((t for s in spellings for t in there if t.lower() == s), None)
        if own is not None:
            places[column] = own
    missing = [column for column in ("path", "label") if column not in places]
    refuse(
        bool(missing),
        f"{name}: its first line is {heading!r} and names no {' and no '.join(missing)}: "
        "it must be path,label or path,label,artist",
        TrainingError,
    )
    return places
