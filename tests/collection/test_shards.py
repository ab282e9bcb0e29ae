"""A scan's findings as folders of Parquet: every row once, whatever stopped the scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genrescope.classification.classifier import Classifier
from genrescope.collection import scanning
from genrescope.collection.shard_rows import KEY
from genrescope.collection.shards import Shards, also_written
from genrescope.collection.stores import Store
from genrescope.types import CollectionError
from tests.collection.conftest import write_sound

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def scan_into(
    folder: Path, small: Classifier, store: Store, library: Path, rows: int = 3, most: int = 10**9
) -> int:
    """Scan until `most` files are done: how many were."""
    terms = scanning.Terms()
    seats = scanning.seats_of(small, terms)
    agenda = scanning.plan([str(library)], store, seats)
    outcomes = scanning.scan(small, store, agenda, terms)
    told = also_written(outcomes, Shards(folder, rows), store, seats, [str(library)])
    done = 0
    for _ in told:
        done += 1
        if done == most:
            told.close()
    return done


def read(folder: Path) -> list[dict[str, Any]]:
    parts = [pq.read_table(part).to_pylist() for part in folder.glob("*.parquet")]
    found = [row for rows in parts for row in rows]
    return sorted(found, key=lambda row: row["number"])


def test_a_row_a_file_and_model(
    tmp_path: Path, small: Classifier, store: Store, library: Path
) -> None:
    (library / "broken.mp3").write_text("no sound")
    folder = tmp_path / "found"
    assert scan_into(folder, small, store, library) == 4
    rows = read(folder)
    assert [len(pq.read_table(part)) for part in sorted(folder.glob("*.parquet"))] == [3, 3, 1]
    assert [row["number"] for row in rows] == list(range(7))
    seats = scanning.seats_of(small, scanning.Terms())
    for one in store.answers(seats):
        for number, path in enumerate(one.paths):
            (row,) = [r for r in rows if (r["path_bytes"], r["model"]) == (path, one.seat.model)]
            shares = dict(row["probabilities"])
            assert tuple(shares) == one.seat.labels
            assert np.array_equal(
                np.array(list(shares.values()), np.float32), one.probabilities[number]
            )
            assert row["genre"] == max(shares, key=shares.__getitem__)
            assert row["probability"] == max(shares.values())
            assert row["model_sha256"] == one.seat.digest
    (failed,) = [row for row in rows if row["stage"]]
    assert failed["path"].endswith("broken.mp3")
    assert failed["model"] is None


def test_nothing_twice_and_what_was_missed_first(
    tmp_path: Path, small: Classifier, store: Store, library: Path
) -> None:
    folder = tmp_path / "found"
    terms = scanning.Terms()
    seats = scanning.seats_of(small, terms)
    agenda = scanning.plan([str(library)], store, seats)
    lost = scanning.scan(small, store, agenda, terms)
    next(lost)  # kept, and killed before a shard was written
    lost.close()
    assert scan_into(folder, small, store, library, most=1) == 1
    assert len(read(folder)) == 4
    assert scan_into(folder, small, store, library) == 1
    assert scan_into(folder, small, store, library) == 0
    rows = read(folder)
    assert len(rows) == 6
    assert len({(row["path_bytes"], row["model"]) for row in rows}) == 6
    write_sound(library / "one.wav", 3000.0)
    assert scan_into(folder, small, store, library) == 1
    again = [row for row in read(folder) if row["path"].endswith("one.wav")]
    assert len(again) == 4
    assert {row["number"] for row in again[2:]} == {6, 7}


def test_the_last_row_is_what_the_store_says(
    tmp_path: Path, small: Classifier, store: Store, library: Path
) -> None:
    folder, song = tmp_path / "found", library / "one.wav"
    before = song.read_bytes()
    for content in (before, b"no sound any more", before, b"no sound any more"):
        song.write_bytes(content)
        assert scan_into(folder, small, store, library) >= 1
    own = [row for row in read(folder) if row["path"].endswith("one.wav")]
    assert [bool(row["stage"]) for row in own] == [False, False, True, False, False, True]
    assert own[0][KEY] == own[3][KEY]
    assert [row["number"] for row in read(folder)] == list(range(10))


def test_one_scan_at_a_time(tmp_path: Path) -> None:
    first = Shards(tmp_path / "found")
    with pytest.raises(CollectionError, match="another scan writes its shards there"):
        Shards(tmp_path / "found")
    first.close()
    Shards(tmp_path / "found").close()


def test_only_below_the_roots(
    tmp_path: Path, small: Classifier, store: Store, library: Path
) -> None:
    scan_into(tmp_path / "all", small, store, library)
    scan_into(tmp_path / "two", small, store, library / "two")
    assert {Path(row["path"]).parent.name for row in read(tmp_path / "two")} == {"two"}
    assert len(read(tmp_path / "two")) == 4


def test_a_folder_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CollectionError, match="no shards can be written"):
        Shards(tmp_path / "file")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "other.parquet").write_text("something else")
    with pytest.raises(CollectionError, match=r"other.parquet: cannot be read"):
        Shards(foreign)
    pq.write_table(pa.table({KEY: [b"a", b"b"], "v": [1, 2]}), foreign / "other.parquet")
    for _ in range(2):  # the lock was let go
        with pytest.raises(CollectionError, match="a folder of their own"):
            Shards(foreign)
