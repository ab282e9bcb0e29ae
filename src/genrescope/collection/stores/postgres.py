"""A collection in a PostgreSQL database, named by its address: many machines may write to it.

The tables lie in a schema of their own, ``genrescope``, so that they share a database with anyone.
A password is never part of what is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from genrescope.audio.source import shown
from genrescope.collection.stores._schema import LATEST, upgrade
from genrescope.collection.stores._sql import SqlStore
from genrescope.collection.stores._statements import Cursor
from genrescope.types import CollectionError, MissingExtraError, refuse

if TYPE_CHECKING:
    import psycopg

SCHEMA = "genrescope"
CONNECT_SECONDS = 10
"""How long a server that says nothing is waited for, where the address does not say."""

_LOCK = 0x67656E7265
"""Taken while tables are made: two scans may begin at once."""

_ADDRESS = re.compile(
    r"postgres(ql)?://([^@/?#]*@)?([\w.,%-]*|\[[\da-fA-F:.]+\])(:\d*)?([/?][^@]*)?"
)
_HELP = (
    "an address looks like postgresql://USER@HOST:5432/DATABASE. The password belongs in "
    "PGPASSWORD or ~/.pgpass; where it stands in the address, write @ : / ? # % in it as "
    "%40 %3A %2F %3F %23 %25"
)


def open_store(place: str, *, create: bool = True) -> PostgresStore:
    """Open the database at an address; see `genrescope.collection.stores.StoreModule`."""
    name = public_name(place)
    import psycopg

    try:
        database = _connect(place)
    except psycopg.Error as error:
        raise CollectionError(f"{name}: {_why(error)}") from error
    try:
        _prepare(database, place, name, create)
    except psycopg.Error as error:
        database.close()
        raise CollectionError(f"{name}: {_why(error)}") from error
    except BaseException:
        database.close()
        raise
    return PostgresStore(database, name)


def public_name(place: str) -> str:
    """An address without its password.

    Raises
    ------
    CollectionError
        If it is none; without repeating it, for a part of a password could look like anything.
    MissingExtraError
        If psycopg is not installed.
    """
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise MissingExtraError("a collection in PostgreSQL", "postgres") from error
    whole = _ADDRESS.fullmatch(place) is not None
    refuse(not whole, f"this is no address of a PostgreSQL database: {_HELP}", CollectionError)
    try:
        parts = conninfo_to_dict(place)
    except ProgrammingError:
        raise CollectionError(f"this address cannot be read: {_HELP}") from None
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    host = str(parts.get("host", ""))
    socket = f"?host={host}" if host.startswith("/") else ""
    there = "" if socket else host
    return shown(f"postgresql://{user}{there}{port}/{parts.get('dbname', '')}{socket}")


def _connect(place: str) -> psycopg.Connection[Any]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(place)
    options = f"{given.get('options') or ''} -c search_path={SCHEMA}".strip()
    return psycopg.connect(
        place,
        autocommit=True,
        connect_timeout=given.get("connect_timeout") or CONNECT_SECONDS,
        options=options,
        application_name="genrescope",
        client_encoding="utf-8",
    )


def _prepare(database: psycopg.Connection[Any], place: str, name: str, create: bool) -> None:
    """Make the tables, or bring them up to date; once, however many ask at a time."""
    version = _version(database)
    refuse(
        version is None and not create,
        f"{name}: no collection yet: begin with `genrescope scan FOLDER`",
        CollectionError,
    )
    if version == LATEST:
        return
    with _alone(database):
        version = _version(database)
        if version is None and not _one(database, "SELECT to_regnamespace(%s)", SCHEMA):
            database.execute(f"CREATE SCHEMA {SCHEMA}")
        if version != LATEST:
            upgrade("postgresql+psycopg://", lambda: _connect(place), version, name, _why)


def _version(database: psycopg.Connection[Any]) -> str | None:
    """The schema's version; None where there is none yet."""
    if _one(database, "SELECT to_regclass(%s)", f"{SCHEMA}.alembic_version") is None:
        return None
    found = _one(database, f"SELECT version_num FROM {SCHEMA}.alembic_version")
    return None if found is None else str(found)


def _one(database: psycopg.Connection[Any], sql: str, *values: Any) -> Any:
    row = database.execute(sql.encode(), values).fetchone()
    return None if row is None else row[0]


@contextmanager
def _alone(database: psycopg.Connection[Any]) -> Iterator[None]:
    database.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        database.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


class PostgresStore(SqlStore):
    """A schema of a database; any number of readers and writers."""

    def __init__(self, database: psycopg.Connection[Any], name: str) -> None:
        import psycopg

        super().__init__(name, psycopg.Error)
        self._database = database

    def _run(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        return self._database.execute(_spelled(sql), values)

    def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._database.cursor() as cursor:
            cursor.executemany(_spelled(sql), rows)

    def _begin(self) -> None:
        self._database.execute("BEGIN")

    def _roll_back(self) -> None:
        if not self._database.closed:
            self._database.rollback()

    def close(self) -> None:
        """Let go of the connection; twice does no harm."""
        self._database.close()


def _spelled(sql: str) -> bytes:
    """A statement with its values marked the way of psycopg; none of ours holds a ``%``."""
    return sql.replace("?", "%s").encode()


_REMEDIES = (
    ("password", "the password is wrong or missing: set PGPASSWORD, or write it into ~/.pgpass"),
    ("does not exist", "make it first: `createuser` and `createdb`, or ask who keeps the server"),
    ("permission denied", "this user may not make tables there: GRANT CREATE ON DATABASE … TO …"),
    ("must be owner", "its owner must bring it up to date once: any command of theirs does"),
    ("pg_hba.conf", "the server does not let this user in from here: see its pg_hba.conf"),
    ("SSL", "the server asks for another way of encryption: try ?sslmode=require or =disable"),
)


def _why(error: Exception) -> str:
    """The server's reason in one line, and what to do about it."""
    text = " ".join(str(error).split())
    for word, remedy in _REMEDIES:
        if word in text:
            return f"{text} ({remedy})"
    return f"{text} (is the server running, and can it be reached from here?)"
