"""The collection behind the pages: what may be shown, and what may be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.serving.library import FRESH_SECONDS, Asked, Library
from genrescope.apps.serving.settings import Settings
from genrescope.collection.stores import Writing, open_store
from genrescope.collection.tagging.formats import read_genres
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.tagging.planning import Rules
from genrescope.collection.tagging.writing import Written
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import BusyError, CollectionError, GenrescopeError, QueryError, TagError
from tests.collection.conftest import write_sound

SEAT = Seat("m", "0" * 64, "{}", ("Jazz", "Rock"))
NAMES = ("a.flac", "b.flac", "c.flac")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_store(tmp_path / "store.sqlite") as store:
        for number, name in enumerate(NAMES):
            path = write_sound(tmp_path / name, 300.0)
            row = np.array([0.9 - 0.3 * number, 0.1 + 0.3 * number], dtype=np.float32)
            state = FileState(os.fsencode(path), path.stat().st_size, 1)
            store.keep(state, name.encode(), [Analysis(SEAT, row, 1.0, None)])
    return tmp_path


def library(folder: Path, *, write: bool = True) -> Library:
    return Library(Settings(store=str(folder / "store.sqlite"), allow_tagging=write))


def planned(own: Library, question: str = "") -> list[Change]:
    table = own.find(Asked(question)).table
    rules = Rules(threshold=0.0)
    return [one for one in own.plan(table, rules) if isinstance(one, Change)]


def test_questions_orders_and_pages(folder: Path) -> None:
    own = library(folder)
    found = own.find(Asked("", "rock"))
    names = [Path(os.fsdecode(path)).name for path in found.table.paths]
    assert names == ["c.flac", "b.flac", "a.flac"]
    assert found.page(1, 1).paths == found.table.paths[1:2]
    assert found.page(9, 5).paths == ()
    assert len(own.find(Asked("jazz > 0.5", "path")).rows) == 2
    for wrong in (Asked("jazz >"), Asked("", "polka")):
        with pytest.raises(QueryError):
            own.find(wrong)


def test_the_table_is_kept_for_a_while(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = library(folder)
    first = own.read()
    assert own.read() is first
    assert FRESH_SECONDS > 0
    monkeypatch.setattr("genrescope.apps.serving.library.FRESH_SECONDS", -1.0)
    assert own.read() is not first


def test_plan_apply_and_undo(folder: Path) -> None:
    own = library(folder)
    changes = planned(own)
    assert [one.after for one in changes] == [("Jazz",), ("Jazz",), ("Rock",)]
    assert read_genres(folder / "a.flac").values == ()
    outcomes = list(own.apply(changes[:2]))
    assert [one.kind for one in outcomes if isinstance(one, Written)] == ["written"] * 2
    assert read_genres(folder / "a.flac").values == ("Jazz",)
    (run,) = own.journal()
    list(own.undo(run, "A.FLAC"))
    assert [Path(os.fsdecode(one.path)).name for one in own.journal()[run]] == ["b.flac"]
    assert read_genres(folder / "a.flac").values == ()
    with pytest.raises(CollectionError, match="nothing to undo"):
        list(own.undo(run, "no such"))
    list(own.undo(run))
    assert own.journal() == {}


def test_any_writing_can_be_undone_not_the_latest_alone(folder: Path) -> None:
    own = library(folder)
    first, second, third = planned(own)
    list(own.apply([first]))
    list(own.apply([second]))
    with open_store(folder / "store.sqlite") as store:  # a later one, of a file elsewhere
        outside = write_sound(folder / "elsewhere" / "x.flac", 300.0)
        store.note_writing(Writing(os.fsencode(outside), (), ("Old",), store.begin_run("by hand")))
    later, earlier = own.journal()
    assert later > earlier
    assert [one.path for one in own.journal()[earlier]] == [first.path]
    list(own.undo(earlier))
    assert list(own.journal()) == [later]
    assert read_genres(Path(os.fsdecode(first.path))).values == ()
    assert read_genres(Path(os.fsdecode(second.path))).values == second.after
    assert read_genres(Path(os.fsdecode(third.path))).values == ()


def test_nothing_is_written_unless_the_server_may(folder: Path) -> None:
    own = library(folder, write=False)
    changes = planned(own)
    with pytest.raises(TagError, match="--allow-tagging"):
        list(own.apply(changes))
    with pytest.raises(TagError, match="--allow-tagging"):
        list(own.undo(1))
    assert read_genres(folder / "a.flac").values == ()
    with open_store(folder / "store.sqlite") as store:
        assert store.journal() == ()


def test_only_files_of_the_collection_are_written(folder: Path) -> None:
    outside = write_sound(folder / "elsewhere" / "x.flac", 300.0)
    own = library(folder)
    strange = Change(os.fsencode(outside), (), ("Jazz",))
    with pytest.raises(TagError, match="not in the collection"):
        list(own.apply([*planned(own), strange]))
    assert read_genres(outside).values == read_genres(folder / "a.flac").values == ()
    with open_store(folder / "store.sqlite") as store:
        run = store.begin_run("by hand")
        store.note_writing(Writing(os.fsencode(outside), ("Old",), (), run))
    assert own.journal() == {}
    with pytest.raises(CollectionError, match="nothing to undo"):
        list(own.undo(run))


def test_one_writes_at_a_time(folder: Path) -> None:
    own = library(folder)
    changes = planned(own)
    first: Iterator[object] = own.apply(changes)
    next(first)
    with pytest.raises(BusyError):
        list(own.apply(changes))
    first.close()  # type: ignore[attr-defined]
    assert len(list(own.apply(changes))) == 3


def test_without_a_store(tmp_path: Path) -> None:
    own = Library(Settings(store=str(tmp_path / "absent.sqlite")))
    with pytest.raises(CollectionError, match="genrescope scan"):
        own.read()
    assert not (tmp_path / "absent.sqlite").exists()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(host="0.0.0.0"),
        Settings(host="192.168.1.2"),
        Settings(allowed_hosts=("a.example",)),
    ],
)
def test_the_users_own_collection_is_not_shown_to_others(settings: Settings) -> None:
    own = Library(settings)
    assert own.shut
    with pytest.raises(CollectionError, match="--store"):
        own.read()
    assert not Library(Settings()).shut
    assert not Library(Settings(host="0.0.0.0", store="x.sqlite")).shut


def test_writing_from_other_machines_needs_a_token() -> None:
    with pytest.raises(GenrescopeError, match="--allow-tagging needs --token"):
        Settings(host="0.0.0.0", store="x", allow_tagging=True)
    assert Settings(host="0.0.0.0", allow_tagging=True, token="word").allow_tagging
    assert Settings(allow_tagging=True).only_here
