"""Undoing over several runs: what is named, what is stuck, and what lies behind it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from genrescope.collection.stores import Store
from genrescope.collection.tagging.formats import read_genres, write_genres
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.tagging.writing import Written, apply_plan, older_run, to_undo, undo
from genrescope.types import Failure


@pytest.fixture
def pair(tmp_path: Path, samples: Path) -> tuple[Path, Path]:
    """Two songs without a genre."""
    songs = tmp_path / "a.flac", tmp_path / "b.flac"
    for song in songs:
        shutil.copy(samples / "jazz_vibe_ace.flac", song)
        write_genres(song, ())
    return songs


def write(store: Store, genre: str, *paths: Path) -> int:
    changes = [Change(os.fsencode(one), read_genres(one).values, (genre,)) for one in paths]
    runs = set()
    for one in apply_plan(changes, store, "p"):
        assert isinstance(one, Written)
        runs.add(one.run)
    (run,) = runs
    return run


def named(*paths: Path) -> frozenset[bytes]:
    return frozenset(os.fsencode(one) for one in paths)


def kinds(store: Store, run: int | None = None, only: frozenset[bytes] = frozenset()) -> list[str]:
    return [one.kind if isinstance(one, Written) else "failed" for one in undo(store, run, only)]


def test_a_named_file_is_undone_in_whichever_run_wrote_it_last(
    pair: tuple[Path, Path], store: Store
) -> None:
    first, second = pair
    runs = write(store, "Jazz", first, second), write(store, "Rock", second)
    assert [one.run for one in to_undo(store, only=named(first, second))] == list(reversed(runs))
    assert kinds(store, only=named(first)) == ["undone"]
    assert (read_genres(first).values, read_genres(second).values) == ((), ("Rock",))
    assert kinds(store, only=named(second)) == kinds(store, only=named(second)) == ["undone"]
    assert read_genres(second).values == ()


def test_a_run_that_is_stuck_leaves_older_ones_in_reach(
    pair: tuple[Path, Path], store: Store
) -> None:
    first, second = pair
    oldest, older = write(store, "Jazz", first), write(store, "Pop", first)
    newest = write(store, "Rock", second)
    second.unlink()
    tried = to_undo(store)
    (outcome,) = undo(store)
    assert isinstance(outcome, Failure)
    assert tried[0].run == newest
    assert older_run(store, tried) == older
    assert older_run(store, tried, named(second)) is None
    assert kinds(store, older) == ["undone"]
    assert older_run(store, tried) == oldest
    assert kinds(store, oldest) == ["undone"]
    assert older_run(store, tried) is None
