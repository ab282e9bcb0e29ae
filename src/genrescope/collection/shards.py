"""What a scan finds as Parquet files of many rows each, for whatever reads folders of Parquet.

The store stays what says how far a scan has come: shards only tell others. So what a scan kept and
was killed before it wrote is written by the next one.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from genrescope.audio.source import shown
from genrescope.collection.export import writing_whole
from genrescope.collection.scanning import Outcome
from genrescope.collection.shard_rows import FAILED, KEY, Said, key_of, schema_of
from genrescope.collection.stores import Store
from genrescope.collection.values import Seat
from genrescope.collection.walking import Reach
from genrescope.types import CollectionError, Failure, FloatArray, MissingExtraError, refuse

ROWS = 100_000
"""In a shard, unless said otherwise: some 10 MB."""

RECALLED = (KEY, "number", "path_bytes", "model", "model_sha256", "recipe")
LOCK = ".genrescope-lock"


class Shards:
    """A folder of Parquet files that rows are added to.

    A row is one file under one model and recipe, or one failure, whichever model was asked. What
    a file's rows say holds until a later ``number`` says otherwise.

    Parameters
    ----------
    folder : Path
        Made where it is not there; this process's until `close`.
    rows : int
        In a shard.

    Raises
    ------
    CollectionError
        If it cannot be written, another scan writes there, or it holds Parquet files that are no
        shards.
    MissingExtraError
        If the extra `parquet` is not installed.
    """

    def __init__(self, folder: Path, rows: int = ROWS) -> None:
        try:
            import filelock
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise MissingExtraError("writing Parquet shards", "parquet") from error
        self._pa, self._pq = pa, pq
        self._folder, self._rows = folder, rows
        self._schema = schema_of(pa)
        self._waiting: list[dict[str, Any]] = []
        self._latest: dict[bytes, Said] = {}
        self._number = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = filelock.FileLock(folder / LOCK, timeout=0)
            self._lock.acquire()
        except filelock.Timeout as error:
            raise CollectionError(
                f"{shown(str(folder))}: another scan writes its shards there; name another folder"
            ) from error
        except OSError as error:
            raise CollectionError(
                f"{shown(str(folder))}: no shards can be written there ({error.strerror})"
            ) from error
        try:
            for path in sorted(folder.glob("*.parquet")):
                self._recall(path)
        except BaseException:
            self._lock.release()
            raise

    def _recall(self, path: Path) -> None:
        """Take in what a shard says."""
        try:
            shard = self._pq.ParquetFile(path)
            ours = shard.schema_arrow.equals(self._schema)
            rows = shard.read(list(RECALLED)).to_pylist() if ours else []
        except (OSError, self._pa.ArrowException) as error:
            raise CollectionError(f"{shown(str(path))}: cannot be read ({error})") from error
        refuse(
            not ours,
            f"{shown(str(path))}: no shard of a scan; name a folder of their own",
            CollectionError,
        )
        for row in rows:
            seat = (row["model_sha256"], row["recipe"])
            place = FAILED if row["model"] is None else key_of(*seat)
            self._note(row["path_bytes"], place, row[KEY], row["number"])

    def _note(self, path: bytes, place: bytes, key: bytes, number: int) -> None:
        said = self._latest.setdefault(path, Said())
        if number >= said.number(place):
            said.rows[place] = (number, key)
        self._number = max(self._number, number + 1)

    def catch_up(self, store: Store, seats: Sequence[Seat], reach: Reach) -> None:
        """Add what the store holds below the roots and no shard does."""
        for one in store.answers(seats):
            for row, path in enumerate(one.paths):
                if reach.covers(path):
                    music = float(one.music[row])
                    known = None if math.isnan(music) else music
                    self._tell(path, one.seat, one.probabilities[row], one.seconds[row], known)
        for path, failure in store.failures():
            if reach.covers(path):
                self._tell_failure(path, failure)

    def add(self, outcome: Outcome, store: Store, seats: Sequence[Seat]) -> None:
        """Add what became of a file, as the store keeps it."""
        path = outcome.file.path
        if outcome.failure is not None:
            self._tell_failure(path, outcome.failure)
            return
        for seat in seats:
            kept = store.timeline(path, seat)
            if kept is not None:
                self._tell(path, seat, kept.probabilities, kept.seconds, kept.music)

    def _tell(
        self, path: bytes, seat: Seat, row: FloatArray, seconds: float, music: float | None
    ) -> None:
        shares = row.tolist()
        best = max(range(len(shares)), key=shares.__getitem__)
        made = {
            "genre": seat.labels[best],
            "probability": shares[best],
            "probabilities": list(zip(seat.labels, shares, strict=True)),
            "seconds": float(seconds),
            "music": music,
            "model": seat.model,
            "model_sha256": seat.digest,
            "recipe": seat.recipe,
        }
        self._put(path, key_of(seat.digest, seat.recipe), made, row.tobytes())

    def _tell_failure(self, path: bytes, failure: Failure) -> None:
        made = {"stage": failure.stage, "reason": failure.reason}
        self._put(path, FAILED, made, failure.stage, failure.reason)

    def _put(self, path: bytes, place: bytes, made: dict[str, Any], *told: str | bytes) -> None:
        key = key_of(path, place, *told)
        if path in self._latest and self._latest[path].holds(place, key):
            return
        names = {"path": shown(os.fsdecode(path)), "path_bytes": path}
        self._waiting.append({KEY: key, "number": self._number, **names, **made})
        self._note(path, place, key, self._number)
        if len(self._waiting) >= self._rows:
            self.flush()

    def flush(self) -> None:
        """Write what waits as a shard, whole or not at all.

        Raises
        ------
        CollectionError
            If it cannot be written.
        """
        if not self._waiting:
            return
        name = f"part-{self._waiting[0]['number']:012}-{secrets.token_hex(4)}.parquet"
        with writing_whole(self._folder / name) as partial:
            self._pq.write_table(
                self._pa.Table.from_pylist(self._waiting, schema=self._schema), partial
            )
        self._waiting = []

    def close(self) -> None:
        """Write what waits, and let others write there."""
        try:
            self.flush()
        finally:
            self._lock.release()


def also_written(
    outcomes: Generator[Outcome, None, None],
    shards: Shards,
    store: Store,
    seats: Sequence[Seat],
    roots: Sequence[str],
) -> Generator[Outcome, None, None]:
    """A scan's outcomes, which go into shards on their way; what was missed before goes first.

    Parameters
    ----------
    outcomes : generator of Outcome
        From `genrescope.collection.scanning.scan`.
    shards : Shards
        Closed at the end, however it comes.
    store : Store
    seats : sequence of Seat
    roots : sequence of str

    Raises
    ------
    CollectionError
        If a shard cannot be written.
    """
    with closing(shards), closing(outcomes):
        shards.catch_up(store, seats, Reach(roots))
        for outcome in outcomes:
            shards.add(outcome, store, seats)
            yield outcome
