"""A table as a file: CSV, JSON Lines, M3U, and Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from genrescope.audio.source import shown
from genrescope.collection.table import FIGURES, Table
from genrescope.types import CollectionError, QueryError

DIGITS = 6


def suffixes() -> tuple[str, ...]:
    """What the name of a written file may end in."""
    return tuple(_WRITERS)


def check_suffix(path: Path) -> None:
    """Refuse a name that no form is written under.

    Raises
    ------
    QueryError
    """
    if path.suffix.lower() not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise QueryError(f"{shown(str(path))}: the name says the form, and must end in {known}")


def write_table(table: Table, path: Path) -> None:
    """Write a table in the form that the file's name asks for, whole or not at all.

    Raises
    ------
    QueryError
        If its name asks for a form unknown here.
    CollectionError
        If it cannot be written, or the form's library is not installed.
    """
    check_suffix(path)
    with writing_whole(path) as partial:
        _WRITERS[path.suffix.lower()](table, partial)


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
    """Every file as a row: path, genre, figures, and a column a genre."""
    columns = {name: table.figures[name].round(DIGITS) for name in FIGURES}
    mean = table.mean.round(DIGITS)
    for row, (path, genre) in enumerate(zip(table.paths, table.genres, strict=True)):
        figures = {name: _number(column[row]) for name, column in columns.items()}
        shares = dict(zip(table.labels, mean[row].tolist(), strict=True))
        yield {"path": os.fsdecode(path), "genre": genre, **figures, **shares}


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)


def write_csv(table: Table, file: io.TextIOBase) -> None:
    """A table for spreadsheets."""
    writer = csv.DictWriter(file, ["path", "genre", *FIGURES, *table.labels], restval="")
    writer.writeheader()
    writer.writerows(rows(table))


def write_json_lines(table: Table, file: io.TextIOBase) -> None:
    """One JSON object a line; stray bytes of names stay escapes."""
    for row in rows(table):
        file.write(json.dumps(row) + "\n")


def _text(write: Callable[[Table, io.TextIOBase], None]) -> Callable[[Table, Path], None]:
    def to_path(table: Table, path: Path) -> None:
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            write(table, file)

    return to_path


def _write_m3u(table: Table, path: Path) -> None:
    """A playlist knows no name with a line break: such files are left out."""
    with path.open("wb") as file:
        file.write(b"#EXTM3U\n")
        for row, (name, genre) in enumerate(zip(table.paths, table.genres, strict=True)):
            if b"\n" in name or b"\r" in name:
                continue
            seconds = round(float(table.figures["seconds"][row]))
            title = shown(Path(os.fsdecode(name)).stem)
            file.write(f"#EXTINF:{seconds},{title} [{genre}]\n".encode())
            file.write(name + b"\n")


def _write_parquet(table: Table, path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise CollectionError("Parquet needs pyarrow: pip install pyarrow") from error
    columns: dict[str, Any] = {
        "path": list(table.names),
        "genre": list(table.genres),
        **{name: table.figures[name] for name in FIGURES},
        **{label: table.mean[:, i] for i, label in enumerate(table.labels)},
    }
    pq.write_table(pa.table(columns), path)


_WRITERS: dict[str, Callable[[Table, Path], None]] = {
    ".csv": _text(write_csv),
    ".jsonl": _text(write_json_lines),
    ".m3u": _write_m3u,
    ".m3u8": _write_m3u,
    ".parquet": _write_parquet,
}
