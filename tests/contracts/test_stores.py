"""Every store keeps what the seam promises."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrescope.collection import stores
from genrescope.collection.stores import Store, Writing
from genrescope.collection.stores._schema import LATEST
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import CollectionError, Failure, MissingExtraError

every = pytest.mark.parametrize("name", stores.names())
SEAT = Seat("m", "abc", "{}", ("Jazz", "Rock"))
OTHER = Seat("n", "def", "{}", ("Jazz", "Rock"))
HOSTILE = b"/l/\xff\n'; DROP TABLE file; --.mp3"

Open = Callable[[], Store]


@pytest.fixture
def reopen(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    place = str(tmp_path / "100% odd #?name.db")
    if name == "postgres":
        place = request.getfixturevalue("postgres").fresh()
    return lambda: stores.open_store(place)


def file(path: bytes = b"/l/a.mp3", size: int = 10, at: int = 5) -> FileState:
    return FileState(path, size, at)


def analysis(seat: Seat = SEAT, jazz: float = 0.75, windows: bool = False) -> Analysis:
    row = np.array([jazz, 1 - jazz], dtype=np.float32)
    if not windows:
        return Analysis(seat, row, 31.5, None)
    rows = np.stack([row, row])
    return Analysis(seat, row, 31.5, 0.5, (0.0, 10.0), rows, notices=("truncated", "clipping"))


@every
def test_what_is_kept_is_there_when_opened_again(name: str, reopen: Open) -> None:
    with reopen() as store:
        assert store.known([SEAT]) == {}
        store.keep(file(HOSTILE), b"d", [analysis(windows=True), analysis(OTHER, 0.25)])
    with reopen() as store:
        known = store.known([SEAT, OTHER])[HOSTILE]
        assert (known.size, known.modified_ns, known.settled, known.failed) == (10, 5, True, False)
        first, second = store.answers([SEAT, OTHER])
        assert first.paths == second.paths == (HOSTILE,)
        assert first.probabilities.tolist() == [[0.75, 0.25]]
        assert second.probabilities.tolist() == [[0.25, 0.75]]
        assert np.isnan(second.music[0])
        assert first.music.tolist() == [0.5]
        assert (first.notices, second.notices) == (("truncated clipping",), ("",))
        kept = store.timeline(HOSTILE, SEAT)
        assert kept is not None
        assert kept.per_window is not None
        assert kept.window_starts == (0.0, 10.0)
        assert kept.per_window.shape == (2, 2)
        assert {seat.model: count for seat, count in store.seats()} == {"m": 1, "n": 1}


@every
def test_another_recipe_is_another_seat(name: str, reopen: Open) -> None:
    changed = Seat("m", "abc", '{"windows": "first"}', SEAT.labels)
    with reopen() as store:
        store.keep(file(), b"d", [analysis()])
        assert store.known([SEAT])[b"/l/a.mp3"].settled
        assert not store.known([changed])[b"/l/a.mp3"].settled
        assert not store.known([SEAT, OTHER])[b"/l/a.mp3"].settled
        assert store.contents(10, [SEAT]) == {b"d"}
        assert store.contents(10, [changed]) == store.contents(11, [SEAT]) == frozenset()


@every
def test_a_moved_file(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep(file(), b"d", [analysis()])
        store.mark_gone([b"/l/a.mp3"])
        assert store.known([SEAT]) == {}
        assert store.answers([SEAT])[0].paths == ()
        assert store.contents(10, [SEAT]) == {b"d"}
        assert store.keep_known(file(b"/l/b.mp3"), b"d") == b"/l/a.mp3"
        assert store.keep_known(file(b"/l/copy.mp3"), b"d") is None
        assert store.answers([SEAT])[0].paths == (b"/l/b.mp3", b"/l/copy.mp3")


@every
def test_failures_come_and_go(name: str, reopen: Open) -> None:
    failure = Failure("/l/a.mp3", "decode", "no sound")
    with reopen() as store:
        store.keep_failure(file(), failure)
        assert store.known([SEAT])[b"/l/a.mp3"].failed
        assert store.failures() == ((b"/l/a.mp3", failure),)
        store.keep(file(), b"d", [analysis()])
        assert store.failures() == ()
        assert not store.known([SEAT])[b"/l/a.mp3"].failed


@every
def test_a_failure_of_an_unchanged_file_hides_no_analysis(name: str, reopen: Open) -> None:
    failure = Failure("/l/a.mp3", "time", "not done after 60 s")
    with reopen() as store:
        store.keep(file(), b"d", [analysis()])
        store.keep_failure(file(), failure)
        assert store.known([SEAT])[b"/l/a.mp3"].failed
        assert store.answers([SEAT])[0].paths == (b"/l/a.mp3",)
        assert store.contents(10, [SEAT]) == {b"d"}
        store.keep_failure(file(at=6), failure)
        assert store.answers([SEAT])[0].paths == ()


@every
def test_any_reason_can_be_kept(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep_failure(file(), Failure("/l/a.mp3", "decode", "a\0b \udcff"))
        ((_, kept),) = store.failures()
        assert kept.reason == "a\\x00b \\udcff"


@every
def test_what_is_kept_again_takes_the_place_of_what_was(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep(file(), b"d", [analysis()])
        store.keep(file(), b"d", [analysis(jazz=0.5, windows=True)])
        assert store.answers([SEAT])[0].probabilities.tolist() == [[0.5, 0.5]]
        assert [count for _, count in store.seats()] == [1]


@every
def test_windows_outlive_an_analysis_without_them(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep(file(), b"d", [analysis(windows=True)])
        store.keep(file(), b"d", [analysis(jazz=0.5), analysis(OTHER)])
        kept = store.timeline(file().path, SEAT)
        assert kept is not None
        assert kept.probabilities.tolist() == [0.5, 0.5]
        assert kept.window_starts == (0.0, 10.0)
        assert kept.per_window is not None
        assert kept.per_window.shape == (2, 2)
        other = store.timeline(file().path, OTHER)
        assert other is not None
        assert other.per_window is None


@every
def test_what_fails_midway_leaves_nothing(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep(file(), b"d", [analysis()])
        with pytest.raises(AttributeError):
            store.keep(file(b"/l/b.mp3"), b"e", [analysis(OTHER), None])  # type: ignore[list-item]
        assert set(store.known([SEAT])) == {b"/l/a.mp3"}
        store.keep(file(b"/l/b.mp3"), b"e", [analysis(), analysis(OTHER)])
        assert store.known([SEAT, OTHER])[b"/l/b.mp3"].settled


@every
def test_the_journal(name: str, reopen: Open) -> None:
    with reopen() as store:
        assert store.journal() == ()
        first, second = store.begin_run("plan.csv"), store.begin_run("plan.csv")
        old, new = Writing(b"/l/a", (), ("Jazz",), first), Writing(HOSTILE, ("x",), (), second)
        store.note_writing(old)
        store.note_writing(new)
        assert store.journal() == (new,)
        store.note_undone(new)
        assert store.journal() == (old,)
        assert [one.undone for one in store.journal(second)] == [True]


@every
def test_tags_change_bytes_and_not_what_is_known(name: str, reopen: Open) -> None:
    with reopen() as store:
        store.keep(file(), b"d", [analysis(windows=True)])
        store.follow(file(size=12, at=6), b"d", b"e")
        known = store.known([SEAT])[b"/l/a.mp3"]
        assert (known.size, known.modified_ns, known.settled) == (12, 6, True)
        assert store.answers([SEAT])[0].notices == ("truncated clipping",)
        store.follow(file(b"/l/never.mp3"), b"x", b"y")
        assert b"/l/never.mp3" not in store.known([SEAT])


@every
def test_embeddings_are_kept_as_directions(name: str, reopen: Open) -> None:
    described = replace(analysis(), embedding=np.array([3.0, 0.0, -4.0], dtype=np.float32))
    with reopen() as store:
        store.keep(file(), b"d", [described])
        store.keep(file(b"/l/b.mp3"), b"b", [analysis()])
        store.keep(file(b"/l/c.mp3"), b"c", [replace(described, embedding=np.zeros(3, np.float32))])
        store.follow(file(size=12, at=6), b"d", b"e")
    with reopen() as store:
        kept = store.embeddings(SEAT)
        assert kept.paths == (b"/l/a.mp3", b"/l/c.mp3")
        wanted = np.array([[0.6, 0, -0.8], [0, 0, 0]])
        np.testing.assert_allclose(kept.directions, wanted, atol=1e-3)
        store.mark_gone([b"/l/a.mp3"])
        assert store.embeddings(SEAT).paths == (b"/l/c.mp3",)
        assert store.embeddings(replace(SEAT, model="other")).paths == ()


@every
def test_several_readers_beside_a_writer(name: str, reopen: Open) -> None:
    with reopen() as writer, reopen() as reader:
        writer.keep(file(), b"d", [analysis()])
        assert len(reader.known([SEAT])) == 1
        reader.keep(file(b"/l/b.mp3"), b"e", [analysis()])
        assert len(writer.known([SEAT])) == 2


def test_what_is_no_store(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be taken for one" * 20)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE songs (id)")
    database.close()
    for path, words in ((text, "cannot be used"), (other, "something else"), (tmp_path, "cannot")):
        with pytest.raises(CollectionError, match=words):
            stores.open_store(path)
    with pytest.raises(CollectionError, match="genrescope scan"):
        stores.open_store(tmp_path / "absent.db", create=False)
    assert not (tmp_path / "absent.db").exists()


def test_a_store_of_the_first_version_gains_what_came_since(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    with stores.open_store(place) as store:
        store.keep(file(), b"d", [analysis()])
    with sqlite3.connect(place) as database:
        database.execute("DROP TABLE embedding")
        database.execute("ALTER TABLE analysis DROP COLUMN notices")
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    with stores.open_store(place) as store:
        assert store.known([SEAT])[b"/l/a.mp3"].settled
        assert store.embeddings(SEAT).paths == ()
        assert store.answers([SEAT])[0].notices == ("",)
        store.keep(
            file(), b"d", [replace(analysis(), embedding=np.array([0.0, 2.0], dtype=np.float32))]
        )
        assert store.embeddings(SEAT).directions.tolist() == [[0.0, 1.0]]


def test_a_making_that_is_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "store.db"

    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.create_index", interrupt)
        with pytest.raises(KeyboardInterrupt):
            stores.open_store(place)
    with stores.open_store(place) as store:
        assert store.known([SEAT]) == {}


def test_two_processes_may_make_one_store(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    code = f"from genrescope.collection import stores; stores.open_store({str(place)!r}).close()"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    stores.open_store(place).close()
    with sqlite3.connect(place) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(LATEST,)]
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(CollectionError, match="version 9999"):
        stores.open_store(place)


def test_without_the_extra_only_a_made_store_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "store.db"
    stores.open_store(place).close()
    monkeypatch.setitem(sys.modules, "alembic", None)
    stores.open_store(place).close()
    with pytest.raises(MissingExtraError, match=r"uv sync --extra collection"):
        stores.open_store(tmp_path / "new.db")


def test_opening_a_store_again_is_cheap(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    stores.open_store(place).close()
    program = (
        "import sys; from genrescope.collection.stores import open_store; "
        f"open_store({str(place)!r}).close(); "
        "assert not {'alembic', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))


def test_an_unknown_store() -> None:
    with pytest.raises(CollectionError, match="sqlite"):
        stores.load("none")


def test_a_file_on_a_disk_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genrescope.collection.stores import sqlite

    place = str(tmp_path / "an archive?#.sqlite")
    with stores.open_store(place) as store:
        store.keep(file(), b"1" * 32, [analysis()])
    monkeypatch.setattr(sqlite, "_may_be_written", lambda _: False)
    before = sorted(tmp_path.iterdir())
    with stores.open_store(place, create=False) as store:
        assert list(store.known([SEAT])) == [b"/l/a.mp3"]
        with pytest.raises(CollectionError, match="readonly"):
            store.keep(file(b"/l/b.mp3"), b"2" * 32, [analysis()])
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.setattr(sqlite, "LATEST", "another")
    with pytest.raises(CollectionError, match="copy it where it can"):
        stores.open_store(place)
