"""A table as a file: CSV, JSON Lines, M3U, and Parquet with the extra `parquet`."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import numpy as np

from genrescope.audio.source import shown
from genrescope.collection.spreadsheet import harmless_row
from genrescope.collection.table import FIGURES, Table
from genrescope.collection.timelines import Timelines
from genrescope.models import whole
from genrescope.types import CollectionError, MissingExtraError, QueryError

DIGITS = 6
WITH_WINDOWS = (".jsonl", ".parquet")
"""Forms that can hold every window of a file."""
WINDOWED_ROWS = 1000
"""Files whose windows are in memory at a time while Parquet is written."""


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


def check_windows(path: Path) -> None:
    """Refuse a name of a form that cannot hold windows.

    Raises
    ------
    QueryError
    """
    if path.suffix.lower() not in WITH_WINDOWS:
        known = " or ".join(WITH_WINDOWS)
        raise QueryError(f"{shown(str(path))}: windows are written as {known}")


def write_table(table: Table, path: Path, timelines: Timelines | None = None) -> int:
    """Write a table in the form that the file's name asks for, whole or not at all.

    Parameters
    ----------
    table : Table
    path : Path
    timelines : Timelines, optional
        Where every file's windows are to be written, too, in one of the forms `WITH_WINDOWS`.

    Returns
    -------
    int
        How many of its files are in there.

    Raises
    ------
    QueryError
        If its name asks for a form unknown here, or one that holds no windows.
    CollectionError
        If it cannot be written.
    MissingExtraError
        If the form's library is not installed.
    """
    check_suffix(path)
    form = path.suffix.lower()
    with writing_whole(path) as partial:
        if timelines is None:
            return _WRITERS[form](table, partial)
        check_windows(path)
        write = _write_parquet if form == ".parquet" else _json_lines_to_path
        return write(table, partial, timelines)


def writing_whole(path: Path) -> AbstractContextManager[Path]:
    """A path to write to, put in place of `path` where that succeeds.

    Raises
    ------
    CollectionError
        If it cannot be written.
    """
    return whole.writing_whole(path, shown(str(path)), CollectionError)


def rows(table: Table, timelines: Timelines | None = None) -> Iterator[dict[str, Any]]:
    """Every file as a row: path, genre, figures, notices, a column a genre; and its windows."""
    columns = {name: table.figures[name].round(DIGITS) for name in FIGURES}
    mean = table.mean.round(DIGITS)
    for row, (path, genre) in enumerate(zip(table.paths, table.genres, strict=True)):
        figures = {name: _number(column[row]) for name, column in columns.items()}
        shares = dict(zip(table.labels, mean[row].tolist(), strict=True))
        told = {"notices": table.notices[row]}
        windows = {} if timelines is None else {"timeline": timelines.of(path)}
        yield {"path": os.fsdecode(path), "genre": genre, **figures, **told, **shares, **windows}


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)


def write_csv(table: Table, file: io.TextIOBase) -> None:
    """A table for spreadsheets; see `genrescope.collection.spreadsheet`."""
    writer = csv.writer(file)
    writer.writerow(harmless_row(["path", "genre", *FIGURES, "notices", *table.labels]))
    for row in rows(table):
        writer.writerow(harmless_row(row.values()))


def write_json_lines(table: Table, file: io.TextIOBase, timelines: Timelines | None = None) -> None:
    """One JSON object a line; stray bytes of names stay escapes."""
    for row in rows(table, timelines):
        file.write(json.dumps(row) + "\n")


def _json_lines_to_path(table: Table, path: Path, timelines: Timelines | None = None) -> int:
    with path.open("w", encoding="utf-8") as file:
        write_json_lines(table, file, timelines)
    return len(table)


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


def _write_parquet(table: Table, path: Path, timelines: Timelines | None = None) -> int:
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
    made = pa.table(columns)
    if timelines is None:
        pq.write_table(made, path)
        return len(table)
    shares = pa.map_(pa.string(), pa.float32())
    window = pa.struct([("model", pa.string()), ("start", pa.float64()), ("probabilities", shares)])
    column = pa.field("timeline", pa.list_(window))
    with pq.ParquetWriter(path, made.schema.append(column)) as writer:
        for begin in range(0, len(table), WINDOWED_ROWS):
            paths = table.paths[begin : begin + WINDOWED_ROWS]
            kept = pa.array([_pairs(timelines.of(one)) for one in paths], column.type)
            writer.write_table(made.slice(begin, len(paths)).append_column(column, kept))
    return len(table)


def _pairs(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows with maps as Parquet takes them."""
    return [{**one, "probabilities": list(one["probabilities"].items())} for one in windows]


_WRITERS: dict[str, Callable[[Table, Path], int]] = {
    ".csv": _text(write_csv),
    ".jsonl": _json_lines_to_path,
    ".m3u": _m3u_to_path,
    ".m3u8": _m3u_to_path,
    ".parquet": _write_parquet,
}
