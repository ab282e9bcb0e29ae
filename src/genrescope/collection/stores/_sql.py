"""What every store that speaks SQL does: each statement once, for all of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from genrescope.audio.source import shown
from genrescope.collection.stores import Answers, Embeddings, Known
from genrescope.collection.stores._journal import Journal
from genrescope.collection.stores._rows import (
    from_json,
    now,
    pack,
    pack_direction,
    to_json,
    unpack,
    unpack_directions,
)
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import Failure

_COLUMNS = (
    "digest, seat_id, made_at, seconds, music, genre, probabilities, window_starts, windows, "
    "notices"
)
_WINDOWS = ("window_starts", "windows")
_NEW_VALUES = ", ".join(
    f"{name} = COALESCE(excluded.{name}, analysis.{name})"
    if name in _WINDOWS
    else f"{name} = excluded.{name}"
    for name in _COLUMNS.split(", ")[2:]
)
"""An analysis made again without its windows leaves those that were kept."""

_DIGEST = (
    "CASE WHEN excluded.digest IS NULL AND file.size = excluded.size "
    "AND file.modified_ns = excluded.modified_ns THEN file.digest ELSE excluded.digest END"
)
"""A file that fails as it stood leaves known what it holds, and so what was made of it."""


class SqlStore(Journal):
    """See `genrescope.collection.stores.Store`; made as a `Statements` is."""

    def __init__(self, name: str, errors: type[Exception]) -> None:
        super().__init__(name, errors)
        self._seat_ids: dict[Seat, int] = {}

    def _seat_id(self, seat: Seat) -> int | None:
        if seat not in self._seat_ids:
            rows = self._rows(
                "SELECT id FROM seat WHERE model = ? AND digest = ? AND recipe = ?",
                *(seat.model, seat.digest, seat.recipe),
            )
            if not rows:
                return None
            self._seat_ids[seat] = rows[0][0]
        return self._seat_ids[seat]

    def _ids(self, seats: Sequence[Seat]) -> list[int]:
        """Rows of the seats; -1, which no row has, for one that is new."""
        found = (self._seat_id(seat) for seat in seats)
        return [-1 if one is None else one for one in found]

    def known(self, seats: Sequence[Seat], keep_windows: bool = False) -> dict[bytes, Known]:
        """Every path that is there, as it stands for these seats, windows included or not."""
        ids = self._ids(seats)
        rows = self._rows(
            f"SELECT path, size, modified_ns, {_analysed(ids, keep_windows)}, failure.file_id "
            "FROM file LEFT JOIN failure ON failure.file_id = file.id WHERE gone_at IS NULL",
            *ids,
        )
        return {
            path: Known(size, modified, count == len(ids), failed is not None)
            for path, size, modified, count, failed in rows
        }

    def contents(
        self, size: int, seats: Sequence[Seat], keep_windows: bool = False
    ) -> frozenset[bytes]:
        """SHA-256 of the contents of that size which `known` would call settled."""
        ids = self._ids(seats)
        rows = self._rows(
            "SELECT DISTINCT digest FROM file WHERE size = ? AND digest IS NOT NULL AND "
            f"{_analysed(ids, keep_windows)} = ?",
            *(size, *ids, len(ids)),
        )
        return frozenset(digest for (digest,) in rows)

    def keep(self, file: FileState, digest: bytes, analyses: Sequence[Analysis]) -> None:
        """Keep what a file holds, and what was made of it."""
        with self._writing():
            self._put_file(file, digest)
            for one in analyses:
                best = one.seat.labels[int(np.argmax(one.probabilities))]
                kept = one.per_window is not None
                seat_id = self._put_seat(one.seat)
                self._run(
                    f"INSERT INTO analysis ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    f"ON CONFLICT (digest, seat_id) DO UPDATE SET {_NEW_VALUES}",
                    (
                        *(digest, seat_id, now(), one.seconds, one.music, best),
                        pack(one.probabilities),
                        pack(one.window_starts) if kept else None,
                        pack(one.per_window) if one.per_window is not None else None,
                        " ".join(one.notices) or None,
                    ),
                )
                if one.embedding is not None:
                    self._run(
                        "INSERT INTO embedding VALUES (?, ?, ?) ON CONFLICT (digest, seat_id) "
                        "DO UPDATE SET direction = excluded.direction",
                        (digest, seat_id, pack_direction(one.embedding)),
                    )

    def _put_file(self, file: FileState, digest: bytes | None) -> int:
        row = self._run(
            "INSERT INTO file (path, name, size, modified_ns, digest, seen_at) "
            f"VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET digest = {_DIGEST}, "
            "size = excluded.size, modified_ns = excluded.modified_ns, "
            "seen_at = excluded.seen_at, gone_at = NULL RETURNING id",
            (file.path, file.name, file.size, file.modified_ns, digest, now()),
        ).fetchone()
        self._run("DELETE FROM failure WHERE file_id = ?", row)
        return int(row[0])

    def _put_seat(self, seat: Seat) -> int:
        found = self._seat_id(seat)
        if found is not None:
            return found
        values = (seat.model, seat.digest, seat.recipe, to_json(seat.labels))
        row = self._run(
            "INSERT INTO seat (model, digest, recipe, labels) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (model, digest, recipe) DO UPDATE SET labels = excluded.labels "
            "RETURNING id",
            values,
        ).fetchone()
        return int(row[0])

    def keep_known(self, file: FileState, digest: bytes) -> bytes | None:
        """Keep that a file holds a content known already; the path that it moved from, if any."""
        with self._writing():
            gone = self._run(
                "SELECT id, path FROM file WHERE digest = ? AND gone_at IS NOT NULL AND path != ? "
                "ORDER BY gone_at DESC LIMIT 1",
                (digest, file.path),
            ).fetchone()
            self._put_file(file, digest)
            if gone is None:
                return None
            self._run("DELETE FROM failure WHERE file_id = ?", gone[:1])
            self._run("DELETE FROM file WHERE id = ?", gone[:1])
            return bytes(gone[1])

    def keep_failure(self, file: FileState, failure: Failure) -> None:
        """Keep that a file failed as it stands."""
        with self._writing():
            row = self._put_file(file, None)
            self._run(
                "INSERT INTO failure VALUES (?, ?, ?, ?)",
                (row, now(), failure.stage, shown(failure.reason)),
            )

    def mark_gone(self, paths: Iterable[bytes]) -> None:
        """These paths are no longer there."""
        with self._writing():
            self._run_many(
                "UPDATE file SET gone_at = ? WHERE path = ?", [(now(), path) for path in paths]
            )

    def seats(self) -> tuple[tuple[Seat, int], ...]:
        """Every seat with its number of files, the latest first."""
        rows = self._rows(
            "SELECT model, seat.digest, recipe, labels, count(file.id) FROM seat "
            "LEFT JOIN analysis ON seat_id = seat.id "
            "LEFT JOIN file ON file.digest = analysis.digest AND gone_at IS NULL "
            "GROUP BY seat.id ORDER BY seat.id DESC"
        )
        return tuple((Seat(m, d, r, from_json(labels)), count) for m, d, r, labels, count in rows)

    def answers(self, seats: Sequence[Seat]) -> tuple[Answers, ...]:
        """What each of these seats says; of one model's, the latest that heard a content."""
        return tuple(
            self._answers(seat, [one for one in seats if one.model == seat.model and one != seat])
            for seat in seats
        )

    def _answers(self, seat: Seat, others: Sequence[Seat]) -> Answers:
        """What a seat says of contents that none of the others heard later."""
        ids = self._ids(others)
        latest = (
            "AND NOT EXISTS (SELECT 1 FROM analysis a WHERE a.digest = file.digest AND "
            f"a.seat_id IN ({_marks(ids)}) AND (a.made_at, a.seat_id) > "
            "(analysis.made_at, analysis.seat_id)) "
        )
        rows = self._rows(
            "SELECT path, probabilities, seconds, music, notices FROM file "
            "JOIN analysis USING (digest) WHERE gone_at IS NULL AND seat_id = ? "
            f"{latest if ids else ''}ORDER BY path",
            *self._ids([seat]),
            *ids,
        )
        width = len(seat.labels)
        table = unpack(b"".join(row[1] for row in rows), width)
        seconds = np.array([row[2] for row in rows], dtype=np.float32)
        music = np.array([row[3] for row in rows], dtype=np.float32)
        notices = tuple(row[4] or "" for row in rows)
        return Answers(seat, tuple(row[0] for row in rows), table, seconds, music, notices)

    def embeddings(self, seat: Seat) -> Embeddings:
        """Embeddings of files that are there by this seat's model file, in order of path."""
        rows = self._rows(
            "SELECT path, direction FROM file JOIN embedding USING (digest) "
            "JOIN analysis USING (digest, seat_id) JOIN seat ON seat.id = seat_id "
            "WHERE gone_at IS NULL AND model = ? AND seat.digest = ? "
            "ORDER BY path, made_at, seat_id",
            *(seat.model, seat.digest),
        )
        latest = dict(rows)  # the last of a path counts
        return Embeddings(seat, tuple(latest), unpack_directions(tuple(latest.values())))

    def timeline(self, path: bytes, seat: Seat) -> Analysis | None:
        """One analysis with its windows, as far as they were kept."""
        rows = self._rows(
            "SELECT probabilities, seconds, music, window_starts, windows FROM file "
            "JOIN analysis USING (digest) WHERE path = ? AND seat_id = ?",
            *(path, *self._ids([seat])),
        )
        if not rows:
            return None
        packed, seconds, music, starts, windows = rows[0]
        width = len(seat.labels)
        row = unpack(packed, width)[0]
        if windows is None:
            return Analysis(seat, row, seconds, music)
        times = tuple(float(start) for start in unpack(starts, 1)[:, 0])
        return Analysis(seat, row, seconds, music, times, unpack(windows, width))

    def failures(self) -> tuple[tuple[bytes, Failure], ...]:
        """Files that are there and failed, in order of path."""
        rows = self._rows(
            "SELECT path, name, stage, reason FROM failure JOIN file ON file.id = file_id "
            "WHERE gone_at IS NULL ORDER BY path"
        )
        return tuple((path, Failure(name, stage, reason)) for path, name, stage, reason in rows)

    def follow(self, file: FileState, before: bytes, after: bytes) -> None:
        """A file's tags changed its bytes but not its sound: what is known of it stays."""
        with self._writing():
            self._run(
                f"INSERT INTO analysis ({_COLUMNS}) SELECT ?, seat_id, made_at, seconds, music, "
                "genre, probabilities, window_starts, windows, notices FROM analysis "
                "WHERE digest = ? "
                "ON CONFLICT DO NOTHING",
                (after, before),
            )
            self._run(
                "INSERT INTO embedding SELECT ?, seat_id, direction FROM embedding "
                "WHERE digest = ? ON CONFLICT DO NOTHING",
                (after, before),
            )
            known = self._run("SELECT 1 FROM analysis WHERE digest = ?", (after,))
            if known.fetchone() is not None:
                self._put_file(file, after)

    @abstractmethod
    def close(self) -> None:
        """Let go of the database; twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _analysed(ids: Sequence[int], keep_windows: bool) -> str:
    """How many of these seats have analysed a file's content, and kept its windows if wanted."""
    kept = " AND a.windows IS NOT NULL" if keep_windows else ""
    return (
        "(SELECT count(*) FROM analysis a WHERE a.digest = file.digest AND "
        f"a.seat_id IN ({_marks(ids)}){kept})"
    )


def _marks(ids: Sequence[int]) -> str:
    return ", ".join("?" * len(ids))
