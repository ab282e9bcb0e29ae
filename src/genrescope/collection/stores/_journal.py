"""What was written into files' tags, so that it can be undone."""

from __future__ import annotations

import os
from typing import Any

from genrescope.audio.source import shown
from genrescope.collection.stores import Writing
from genrescope.collection.stores._rows import from_json, now, to_json
from genrescope.collection.stores._statements import Statements


class Journal(Statements):
    """The part of `genrescope.collection.stores.Store` that `genrescope tag` keeps."""

    def begin_run(self, plan: str) -> int:
        """Enter a `tag apply` into the journal: its number."""
        with self._writing():
            row = self._run(
                "INSERT INTO tag_run (at, tag_plan) VALUES (?, ?) RETURNING id",
                (now(), shown(plan)),
            ).fetchone()
            return int(row[0])

    def note_writing(self, writing: Writing) -> None:
        """Enter a file into the journal before its tags are written."""
        with self._writing():
            self._run(
                "INSERT INTO tag_writing (run_id, path, name, before, after, at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(writing.run, writing.path, shown(os.fsdecode(writing.path))),
                    *(to_json(writing.before), to_json(writing.after), now()),
                ),
            )

    def note_undone(self, writing: Writing) -> None:
        """Its tags are as they were before."""
        with self._writing():
            self._run(
                "UPDATE tag_writing SET undone_at = ? WHERE run_id = ? AND path = ?",
                (now(), writing.run, writing.path),
            )

    def journal(self, run: int | None = None) -> tuple[Writing, ...]:
        """Writings of that run, or of the latest with something to undo."""
        rows = self._rows(
            "SELECT path, before, after, run_id, undone_at FROM tag_writing WHERE run_id = "
            "coalesce(?, (SELECT max(run_id) FROM tag_writing WHERE undone_at IS NULL)) "
            "ORDER BY id",
            run,
        )
        return _writings(rows)

    def open_writings(self) -> tuple[Writing, ...]:
        """Every writing of any run that is not undone, in order of writing."""
        rows = self._rows(
            "SELECT path, before, after, run_id, undone_at FROM tag_writing "
            "WHERE undone_at IS NULL ORDER BY id"
        )
        return _writings(rows)


def _writings(rows: list[Any]) -> tuple[Writing, ...]:
    return tuple(
        Writing(path, from_json(before), from_json(after), number, undone is not None)
        for path, before, after, number, undone in rows
    )
