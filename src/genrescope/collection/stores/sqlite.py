"""A collection in one SQLite file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrescope.audio.source import shown
from genrescope.collection.stores._schema import LATEST, upgrade
from genrescope.collection.stores._sql import SqlStore
from genrescope.types import CollectionError, refuse

PATIENCE_SECONDS = 60.0
"""How long another process may be writing before that is an error."""


def open_store(place: str, *, create: bool = True) -> SqliteStore:
    """Open the file at `place`; see `genrescope.collection.stores.StoreModule`."""
    path = Path(place)
    name = public_name(place)
    try:
        there = path.is_file() and path.stat().st_size > 0
        refuse(
            not (there or create),
            f"{name}: no collection yet: begin with `genrescope scan FOLDER`",
            CollectionError,
        )
        if there and not _may_be_written(path):
            return SqliteStore(_connect_to_read(path), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        version = _version(path)
        if version != LATEST:
            _connect(path).close()  # what cannot be opened is said here, not by Alembic
            upgrade("sqlite://", lambda: _connect(path), version, name)
        return SqliteStore(_connect(path), name)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise CollectionError(
            f"{name}: cannot be used as a collection's store ({error})"
        ) from error


def public_name(place: str) -> str:
    """The path as one printable line."""
    return shown(place)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA foreign_keys = ON")
    return database


def _may_be_written(path: Path) -> bool:
    """Whether SQLite can write the file, and its log beside it."""
    return os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """As `_connect`, of a file on a disk that cannot be written: nothing is made beside it.

    Raises
    ------
    CollectionError
        If its tables are of another version, which cannot be made new here.
    """
    logged = path.with_name(path.name + "-wal").exists()
    how = "mode=ro" if logged else "mode=ro&immutable=1"  # else SQLite wants to make a log
    address = f"{path.absolute().as_uri()}?{how}"
    database = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    version = _version_of(database, path)
    if version != LATEST:
        database.close()
        message = "of another version of Genrescope, and cannot be written: copy it where it can"
        raise CollectionError(f"{shown(str(path))}: a store {message}")
    return database


def _version(path: Path) -> str | None:
    """The schema's version; None for a file that is not there or empty."""
    if not path.is_file():
        return None
    database = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
    try:
        return _version_of(database, path)
    finally:
        database.close()


def _version_of(database: sqlite3.Connection, path: Path) -> str | None:
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if "alembic_version" not in tables:
        refuse(bool(tables), f"{shown(str(path))}: a database of something else", CollectionError)
        return None
    row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


class SqliteStore(SqlStore):
    """A file; any number of readers beside one writer."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        super().__init__(name, sqlite3.Error)
        self._database = database

    def _run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._database.execute(sql, values)

    def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._database.executemany(sql, rows)

    def _begin(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def _roll_back(self) -> None:
        self._database.rollback()

    def close(self) -> None:
        """Let go of the file; twice does no harm."""
        self._database.close()
