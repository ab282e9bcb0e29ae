"""One model under several choices of windows, or from several files: whose word counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrescope.collection import stores
from genrescope.collection.stores import Store, Writing, _sql
from genrescope.collection.table import choose_seats, read_table
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import CollectionError

every = pytest.mark.parametrize("name", stores.names())
ALL = Seat("m", "abc", '{"windows": "all"}', ("Jazz", "Rock"))
FIRST = replace(ALL, recipe='{"windows": "first"}')
RENEWED = Seat("m", "def", '{"windows": "all"}', ("Rock", "Jazz"))
OTHER = replace(ALL, model="n")


@pytest.fixture
def any_store(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    place = str(tmp_path / "store.sqlite")
    if name == "postgres":
        place = request.getfixturevalue("postgres").fresh()
    with stores.open_store(place) as opened:
        yield opened


def keep(store: Store, name: str, *seats: Seat, jazz: float = 0.5, windows: bool = False) -> None:
    """Keep what these seats say of a file: how likely it is jazz."""
    analyses = []
    for seat in seats:
        row = np.array([jazz if one == "Jazz" else 1 - jazz for one in seat.labels], np.float32)
        kept = row[None] if windows else None
        direction = np.array([jazz, 1 - jazz], np.float32)
        analyses.append(Analysis(seat, row, 1.0, None, (0.0,) if windows else (), kept, direction))
    store.keep(FileState(name.encode(), 1, 1), name.encode(), analyses)


def jazz(store: Store, *models: str) -> dict[str, float]:
    table = read_table(store, models)
    column = table.numbers("jazz")
    assert column is not None
    return {path.decode(): round(share, 3) for path, share in zip(table.paths, column, strict=True)}


@every
def test_one_file_under_other_windows_hides_no_other(name: str, any_store: Store) -> None:
    for path in "abc":
        keep(any_store, path, ALL, OTHER, jazz=0.25)
    keep(any_store, "a", FIRST, jazz=0.75)
    keep(any_store, "b", RENEWED, jazz=1.0)
    assert jazz(any_store, "m") == {"a": 0.75, "b": 1.0, "c": 0.25}
    assert jazz(any_store, "n") == {"a": 0.25, "b": 0.25, "c": 0.25}
    table = read_table(any_store)
    assert sorted(table.models) == ["m", "n"]
    assert table.counts.tolist() == [2, 2, 2]


@every
def test_the_latest_analysis_counts_and_not_the_latest_seat(
    name: str, any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = iter(range(2001, 2100))
    monkeypatch.setattr(_sql, "now", lambda: f"{next(years)}-01-01T00:00:00+00:00")
    keep(any_store, "a", ALL, jazz=0.25)
    keep(any_store, "a", FIRST, jazz=0.75)
    assert jazz(any_store) == {"a": 0.75}
    keep(any_store, "a", ALL, jazz=0.25)
    assert jazz(any_store) == {"a": 0.25}
    ((towards_jazz, towards_rock),) = any_store.embeddings(FIRST).directions
    assert towards_jazz < towards_rock


@every
def test_embeddings_of_one_model_file_are_compared(name: str, any_store: Store) -> None:
    for path in "abc":
        keep(any_store, path, ALL, jazz=1.0)
    keep(any_store, "a", FIRST, jazz=0.0)
    (seat,) = choose_seats(any_store)
    found = any_store.embeddings(seat)
    assert found.paths == (b"a", b"b", b"c")
    assert found.directions.tolist() == [[0, 1], [1, 0], [1, 0]]
    keep(any_store, "c", RENEWED, jazz=0.0)
    assert any_store.embeddings(choose_seats(any_store)[0]).paths == (b"c",)
    assert any_store.embeddings(ALL).paths == (b"a", b"b", b"c")


@every
def test_labels_that_all_know_decide(name: str, any_store: Store) -> None:
    many = replace(ALL, digest="wide", labels=("Jazz", "Polka", "Rock"))
    for path in "abc":
        keep(any_store, path, many)
    keep(any_store, "d", ALL)
    keep(any_store, "e", OTHER)
    assert set(jazz(any_store)) == {"a", "b", "c"}
    assert set(jazz(any_store, "m", "n", "m")) == {"d", "e"}
    keep(any_store, "f", replace(many, model="o"))
    with pytest.raises(CollectionError, match="different labels"):
        read_table(any_store, ("n", "o"))
    with pytest.raises(CollectionError, match="not scanned with p; there are: m, n, o"):
        read_table(any_store, ("p",))


@every
def test_a_file_is_settled_only_with_its_windows_where_they_are_wanted(
    name: str, any_store: Store
) -> None:
    keep(any_store, "a", ALL, OTHER)
    keep(any_store, "b", ALL, OTHER, windows=True)
    keep(any_store, "c", ALL)
    for wanted, settled in ((False, {b"a", b"b"}), (True, {b"b"})):
        known = any_store.known([ALL, OTHER], wanted)
        assert {path for path, one in known.items() if one.settled} == settled
        assert any_store.contents(1, [ALL, OTHER], wanted) == settled


@every
def test_open_writings_are_of_every_run(name: str, any_store: Store) -> None:
    runs = [any_store.begin_run("plan.csv") for _ in range(3)]
    written = [Writing(b"/l/a", (), ("Jazz",), run) for run in runs]
    for one in written:
        any_store.note_writing(one)
    any_store.note_undone(written[1])
    assert any_store.open_writings() == (written[0], written[2])
