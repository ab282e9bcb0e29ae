"""A collection behind the pages: asking it, planning tags, writing and undoing them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrescope.apps.serving.settings import Settings
from genrescope.audio.source import shown
from genrescope.collection import query
from genrescope.collection.layout import Layout, lay_out
from genrescope.collection.stores import Store, Writing, default_place, open_store
from genrescope.collection.table import Table, read_table
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.tagging.planning import Rules, make_plan
from genrescope.collection.tagging.writing import Written, apply_plan, undo
from genrescope.types import BusyError, CollectionError, Failure, TagError, refuse

FRESH_SECONDS = 30.0
"""So long the table is kept before the store is read again: a scan may be at work on it."""
PLAN_NAME = "the page"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A store as it was read.

    Attributes
    ----------
    table : Table
    layout : Layout
        Of all its rows.
    at : float
        When, as `time.monotonic` counts.
    """

    table: Table
    layout: Layout
    at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the collection; equal ones have equal answers while the store stands still.

    Attributes
    ----------
    question : str
        In the language of `genrescope.collection.query`; "" for everything.
    sort : str
        A field to order by, or "" for the order of paths.
    ascending : bool
    """

    question: str = ""
    sort: str = ""
    ascending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What an `Asked` found.

    Attributes
    ----------
    reading : Reading
    rows : ndarray of int64
        Of the reading's table, in the order asked for.
    """

    reading: Reading
    rows: NDArray[np.int64]

    def page(self, first: int, count: int) -> Table:
        """So many of the rows, from the first on (0 is the first of all)."""
        return self.reading.table.pick(self.rows[first : first + count])

    @property
    def table(self) -> Table:
        """All of them."""
        return self.reading.table.pick(self.rows)


class Library:
    """One store, read by many and written by one at a time. Safe in many threads.

    Parameters
    ----------
    settings : Settings
        Which store, and whether tags may be written.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading: Reading | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    @property
    def may_write(self) -> bool:
        """Whether this server was started to write tags."""
        return self._settings.allow_tagging

    @property
    def shut(self) -> bool:
        """Whether the user's own collection is kept from other machines that may ask here."""
        return not self._settings.store and not self._settings.only_here

    @property
    def place(self) -> str:
        """Where the store is."""
        return self._settings.store or str(default_place())

    @contextmanager
    def open(self) -> Iterator[Store]:
        """The store; raises `CollectionError` where there is none or it is shut."""
        refuse(self.shut, "this server shows no collection: start it with --store", CollectionError)
        with open_store(self.place, create=False) as opened:
            yield opened

    def read(self) -> Reading:
        """Everything that the store holds, at most `FRESH_SECONDS` old.

        Raises
        ------
        CollectionError
            If there is nothing, or it cannot be read.
        """
        with self._lock:
            kept = self._reading
            if kept is None or time.monotonic() - kept.at > FRESH_SECONDS:
                with self.open() as opened:
                    table = read_table(opened)
                kept = Reading(table, lay_out(table.mean), time.monotonic())
                self._reading = kept
            return kept

    def find(self, asked: Asked) -> Found:
        """The songs for which a question holds, in order.

        Raises
        ------
        CollectionError
            As `read`.
        QueryError
            If the question makes no sense, or there is no such field.
        """
        question = query.parse(asked.question) if asked.question.strip() else None
        reading = self.read()
        table = reading.table
        rows = np.arange(len(table), dtype=np.int64)
        if question is not None:
            rows = rows[query.answer(question, table)]
        if asked.sort:
            rows = rows[table.pick(rows).order(asked.sort, asked.ascending)]
        return Found(reading, rows)

    def failures(self) -> tuple[Failure, ...]:
        """Files that could not be analysed."""
        with self.open() as opened:
            return tuple(failure for _, failure in opened.failures())

    def plan(self, table: Table, rules: Rules) -> Iterator[Change | Failure | None]:
        """What the rules would write into the tags of these songs, None for one that stays.

        Parameters
        ----------
        table : Table
        rules : Rules
        """
        for row in range(len(table)):
            made = list(make_plan(table.pick(np.array([row])), rules))
            yield made[0] if made else None

    def apply(
        self, changes: Sequence[Change], keep_time: bool = False
    ) -> Iterator[Written | Failure]:
        """Write a plan, in files of this store and nowhere else.

        Raises
        ------
        TagError
            If this server may not write tags, or a file of the plan is not in the store.
        BusyError
            If tags are being written already.
        """
        with self._alone(), self.open() as opened:
            known = set(read_table(opened).paths)
            strange = [one.path for one in changes if one.path not in known]
            refuse(bool(strange), "the plan has files that are not in the collection", TagError)
            yield from apply_plan(changes, opened, PLAN_NAME, keep_time=keep_time)

    def journal(self) -> dict[int, tuple[Writing, ...]]:
        """What can be undone here, by the number of the writing, the latest first."""
        with self.open() as opened:
            writings = _undoable(opened)
        runs = sorted({one.run for one in writings}, reverse=True)
        return {run: tuple(one for one in writings if one.run == run) for run in runs}

    def undo(
        self, run: int, holding: str = "", keep_time: bool = False
    ) -> Iterator[Written | Failure]:
        """Put back what stood in files' tags before a writing, in files of this store.

        Parameters
        ----------
        run : int
            Number of the writing.
        holding : str
            Only files in whose path this stands, in upper or lower case.
        keep_time : bool

        Raises
        ------
        TagError, BusyError
            As `apply`.
        CollectionError
            If there is nothing to undo.
        """
        with self._alone(), self.open() as opened:
            wanted = holding.strip().casefold()
            only = frozenset(
                one.path
                for one in _undoable(opened)
                if one.run == run and wanted in shown(os.fsdecode(one.path)).casefold()
            )
            refuse(not only, "nothing to undo in files of that kind", CollectionError)
            yield from undo(opened, run, only, keep_time=keep_time)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        refuse(
            not self.may_write,
            "this server writes no tags: start it with --allow-tagging",
            TagError,
        )
        if not self._writing.acquire(blocking=False):
            raise BusyError("tags are being written already: wait until that is done")
        try:
            yield
        finally:
            self._writing.release()


def _undoable(store: Store) -> tuple[Writing, ...]:
    """Every writing that is not undone, of a file that the store knows."""
    writings = store.open_writings()
    known = set(read_table(store).paths) if writings else set()
    return tuple(one for one in writings if one.path in known)
