"""A table as a file: CSV, JSON Lines, M3U, and Parquet with the extra `parquet`."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from genrescope.audio.source import shown
from genrescope.collection.spreadsheet import harmless_row
from genrescope.collection.table import FIGURES, Table
from genrescope.types import CollectionError, MissingExtraError, QueryError

DIGITS = 6


def suffixes() -> tuple[str, ...]:
    """What the name of a written file may end in."""
    return tuple(_WRITERS)


def check_suffix(path: Path, *others: str) -> None:
    """Refuse a name that no form is written under, `others` apart.

    Raises
    ------
    QueryError
    """
    if path.suffix.lower() not in (*_WRITERS, *others):
        known = ", ".join((*_WRITERS, *others))
        raise QueryError(f"{shown(str(path))}: the name says the form, and must end in {known}")


def write_table(table: Table, path: Path) -> int:
    """Write a table in the form that the file's name asks for, whole or not at all.

    Returns
    -------
    int
        How many of its files are in there.

    Raises
    ------
    QueryError
        If its name asks for a form unknown here.
    CollectionError
        If it cannot be written.
    MissingExtraError
        If the form's library is not installed.
    """
    check_suffix(path)
    with writing_whole(path) as partial:
        return _WRITERS[path.suffix.lower()](table, partial)


@contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """A path to write to, put in place of `path` where that succeeds.

    Raises
    ------
    CollectionError
        If it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".genrescope-")
        os.close(descriptor)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o644)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise CollectionError(f"{shown(str(path))}: cannot be written ({reason})") from error


def rows(table: Table) -> Iterator[dict[str, Any]]:
    """Every file as a row: path, genre, figures, notices, and a column a genre."""
    columns = {name: table.figures[name].round(DIGITS) for name in FIGURES}
    mean = table.mean.round(DIGITS)
    for row, (path, genre) in enumerate(zip(table.paths, table.genres, strict=True)):
        figures = {name: _number(column[row]) for name, column in columns.items()}
        shares = dict(zip(table.labels, mean[row].tolist(), strict=True))
        told = {"notices": table.notices[row]}
        yield {"path": os.fsdecode(path), "genre": genre, **figures, **told, **shares}


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)


def write_csv(table: Table, file: io.TextIOBase) -> None:
    """A table for spreadsheets; see `genrescope.collection.spreadsheet`."""
    writer = csv.writer(file)
    writer.writerow(harmless_row(["path", "genre", *FIGURES, "notices", *table.labels]))
    for row in rows(table):
        writer.writerow(harmless_row(row.values()))


def write_json_lines(table: Table, file: io.TextIOBase) -> None:
    """One JSON object a line; stray bytes of names stay escapes."""
    for row in rows(table):
        file.write(json.dumps(row) + "\n")


def _text(write: Callable[[Table, io.TextIOBase], None]) -> Callable[[Table, Path], int]:
    def to_path(table: Table, path: Path) -> int:
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            write(table, file)
        return len(table)

    return to_path


def write_m3u(table: Table, file: IO[bytes]) -> int:
    """A playlist. It knows no name with a line break: such files are left out; how many are in."""
    file.write(b"#EXTM3U\n")
    written = 0
    for row, (name, genre) in enumerate(zip(table.paths, table.genres, strict=True)):
        if b"\n" in name or b"\r" in name:
            continue
        seconds = round(float(table.figures["seconds"][row]))
        title = shown(Path(os.fsdecode(name)).stem)
        file.write(f"#EXTINF:{seconds},{title} [{genre}]\n".encode())
        file.write(name + b"\n")
        written += 1
    return written


def _m3u_to_path(table: Table, path: Path) -> int:
    with path.open("wb") as file:
        return write_m3u(table, file)


def _write_parquet(table: Table, path: Path) -> int:
    """Columns of numbers as they are; ``path`` is text for people, ``path_bytes`` the true one."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "parquet") from error
    columns: dict[str, Any] = {
        "path": list(table.names),
        "path_bytes": pa.array(table.paths, pa.binary()),
        "genre": list(table.genres),
        **{name: table.figures[name] for name in FIGURES},
        "notices": list(table.notices),
        **{label: table.mean[:, i] for i, label in enumerate(table.labels)},
    }
    pq.write_table(pa.table(columns), path)
    return len(table)


_WRITERS: dict[str, Callable[[Table, Path], int]] = {
    ".csv": _text(write_csv),
    ".jsonl": _text(write_json_lines),
    ".m3u": _m3u_to_path,
    ".m3u8": _m3u_to_path,
    ".parquet": _write_parquet,
}
