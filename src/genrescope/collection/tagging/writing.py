"""Writing a plan's genres into files, and undoing it.

A file is copied, the copy tagged and looked at, and put in the file's place only where its sound
is the same to the byte. The journal knows of it before that happens, so that whatever stops the
writing, undoing finds it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genrescope.audio.source import shown
from genrescope.audio.stream_digest import stream_digest
from genrescope.collection.stores import Store, Writing
from genrescope.collection.tagging.formats import (
    as_written,
    read_genres,
    same_others,
    write_genres,
)
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, Failure, GenrescopeError, TagError, refuse


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one file.

    Attributes
    ----------
    path : bytes
    kind : {'written', 'undone', 'untouched'}
        ``untouched``: its tags were already as they were to be.
    genres : tuple of str
        What stands there now.
    run : int
        Number of the `tag apply` that wrote it, or was to.
    """

    path: bytes
    kind: Literal["written", "undone", "untouched"]
    genres: tuple[str, ...]
    run: int


def apply_plan(
    changes: Iterable[Change], store: Store, plan: str, *, keep_time: bool = False
) -> Iterator[Written | Failure]:
    """Write a plan's genres.

    Parameters
    ----------
    changes : iterable of Change
        From `genrescope.collection.tagging.plan_file.read_plan`.
    store : Store
        Keeps the journal.
    plan : str
        The plan's name, for the journal.
    keep_time : bool
        Whether files keep the time of their last change.

    Yields
    ------
    Written or Failure
        A failure where a file is not as the plan says, or cannot be written; it is as it was.
    """
    run = store.begin_run(plan)
    for one in changes:
        path = Path(os.fsdecode(one.path))
        try:
            found = read_genres(path)
            wanted = as_written(one.after, found.kind)
            if found.values in (one.after, wanted):
                yield Written(one.path, "untouched", found.values, run)
                continue
            refuse(
                found.values != one.before,
                f"its genre is {_told(found.values)} where the plan found {_told(one.before)}: "
                "plan again",
                TagError,
            )
            store.note_writing(Writing(one.path, one.before, one.after, run))
            _replace_genres(path, one.after, store, keep_time)
        except (GenrescopeError, OSError) as error:
            yield _failure(one.path, error)
        else:
            yield Written(one.path, "written", one.after, run)


def undo(
    store: Store,
    run: int | None = None,
    only: frozenset[bytes] = frozenset(),
    *,
    keep_time: bool = False,
) -> Iterator[Written | Failure]:
    """Put genres back as they were before a `tag apply`, last written first.

    Parameters
    ----------
    store : Store
    run : int, optional
    only : frozenset of bytes
        As in `to_undo`.
    keep_time : bool

    Yields
    ------
    Written or Failure
        As `put_back`.

    Raises
    ------
    CollectionError
        If there is nothing to undo.
    """
    yield from put_back(to_undo(store, run, only), store, keep_time=keep_time)


def to_undo(
    store: Store, run: int | None = None, only: frozenset[bytes] = frozenset()
) -> tuple[Writing, ...]:
    """The writings that undoing takes back, last written first.

    Parameters
    ----------
    store : Store
    run : int, optional
        Number of the run; else the latest with something to undo, or, where files are named, the
        latest of each file.
    only : frozenset of bytes
        These paths; all of the run where empty.

    Raises
    ------
    CollectionError
        If there is nothing to undo.
    """
    anywhere = run is None and only
    found = store.open_writings() if anywhere else store.journal(run)
    chosen = [one for one in found if not one.undone and (not only or one.path in only)]
    if anywhere:
        latest = {one.path: one for one in chosen}
        chosen = [one for one in chosen if latest[one.path] is one]
    refuse(not chosen, "nothing to undo: the journal has no writing of that kind", CollectionError)
    return tuple(reversed(chosen))


def older_run(
    store: Store, tried: Sequence[Writing], only: frozenset[bytes] = frozenset()
) -> int | None:
    """The latest run before those tried that has something to undo, of these paths or any.

    Parameters
    ----------
    store : Store
    tried : sequence of Writing
        From `to_undo`.
    only : frozenset of bytes
    """
    known, latest = set(tried), max(one.run for one in tried)
    return max(
        (
            one.run
            for one in store.open_writings()
            if one.run < latest and one not in known and (not only or one.path in only)
        ),
        default=None,
    )


def put_back(
    writings: Iterable[Writing], store: Store, *, keep_time: bool = False
) -> Iterator[Written | Failure]:
    """Put genres back as they were before these writings, in this order.

    Parameters
    ----------
    writings : iterable of Writing
        From `to_undo`.
    store : Store
    keep_time : bool

    Yields
    ------
    Written or Failure
        A failure where the genre was changed since by something else; it is left as it is.
    """
    for one in writings:
        path = Path(os.fsdecode(one.path))
        try:
            found = read_genres(path)
            if found.values == one.before:
                store.note_undone(one)
                yield Written(one.path, "untouched", found.values, one.run)
                continue
            refuse(
                found.values not in (one.after, as_written(one.after, found.kind)),
                f"its genre is {_told(found.values)} and no longer {_told(one.after)}, which was "
                "written: left as it is",
                TagError,
            )
            _replace_genres(path, one.before, store, keep_time)
            store.note_undone(one)
        except (GenrescopeError, OSError) as error:
            yield _failure(one.path, error)
        else:
            yield Written(one.path, "undone", one.before, one.run)


def _failure(path: bytes, error: Exception) -> Failure:
    name = shown(os.fsdecode(path))
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(name, "tags", str(reason).removeprefix(f"{name}: "))


def _replace_genres(path: Path, genres: tuple[str, ...], store: Store, keep_time: bool) -> None:
    """Tag a copy, make sure of it, and put it in the file's place in one step."""
    target = Path(os.path.realpath(path))  # a link stays a link
    before = target.stat()
    digest = _digest(target)
    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=".genrescope-", suffix=target.suffix
    )
    os.close(descriptor)
    partial = Path(name)
    try:
        shutil.copyfile(target, partial)
        refuse(
            _digest(partial) != digest, "the copy is not the file: is the disk in order?", TagError
        )
        write_genres(partial, genres)
        _check(target, partial, genres)
        shutil.copystat(target, partial)
        _copy_owner(partial, before)
        if not keep_time:
            os.utime(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        now = target.stat()
        changed = (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
        refuse(changed, "it changed while it was tagged: left as it is", TagError)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    state = path.stat()
    file_state = FileState(os.fsencode(path), state.st_size, state.st_mtime_ns)
    store.follow(file_state, digest, _digest(target))


def _check(original: Path, tagged: Path, genres: tuple[str, ...]) -> None:
    found = read_genres(tagged)
    refuse(
        found.values not in (genres, as_written(genres, found.kind)),
        f"the tags say {_told(found.values)} after writing {_told(genres)}: left as it is",
        TagError,
    )
    refuse(
        stream_digest(original) != stream_digest(tagged),
        "writing its tags would change its sound: left as it is",
        TagError,
    )
    refuse(
        not same_others(original, tagged),
        "writing its genre would change other tags: left as it is",
        TagError,
    )


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _copy_owner(path: Path, state: os.stat_result) -> None:
    """Keep the owner where that is allowed."""
    if hasattr(os, "chown"):
        try:
            os.chown(path, state.st_uid, state.st_gid)
        except PermissionError:
            return


def _told(genres: tuple[str, ...]) -> str:
    return "empty" if not genres else ", ".join(repr(genre) for genre in genres)
