"""How a store that speaks SQL runs a statement, whatever its dialect.

A dialect says how a statement is run and how a transaction begins, and nothing else. Statements
keep to what SQLite (3.35) and PostgreSQL (12) both know, with ``?`` where a value belongs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from genrescope.types import CollectionError


class Cursor(Protocol):
    """What a statement gave."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...


class Statements(ABC):
    """One database, asked in SQL.

    Parameters
    ----------
    name : str
        What to call it before people.
    errors : type of exception
        What the database's own library raises.
    """

    def __init__(self, name: str, errors: type[Exception]) -> None:
        self._name = name
        self._errors = errors

    @abstractmethod
    def _run(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        """Run one statement."""

    @abstractmethod
    def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for every row."""

    @abstractmethod
    def _begin(self) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def _roll_back(self) -> None:
        """Undo it; without one, or without a database, no harm."""

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._begin()
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        except self._errors as error:
            raise CollectionError(f"{self._name}: cannot be written ({_told(error)})") from error

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        try:
            return self._run(sql, values).fetchall()
        except self._errors as error:
            raise CollectionError(f"{self._name}: cannot be read ({_told(error)})") from error


def _told(error: Exception) -> str:
    """The library's first line: what follows are hints for who wrote the statement."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
