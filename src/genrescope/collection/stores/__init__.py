"""Where a collection is kept: one module a kind of store, each offering ``open_store(place)``.

A place is a file, or an address such as ``postgresql://…``: the module whose name its scheme begins
with opens it.

Types of a database never leave this folder.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import CollectionError, Failure, FloatArray

DEFAULT = "sqlite"
PLACE_VARIABLE = "GENRESCOPE_STORE"
"""Environment variable: the place where none is named; an address need not stand in a command."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a store holds of one path.

    Attributes
    ----------
    size, modified_ns : int
        How the file stood.
    settled : bool
        Whether every seat that was asked about has analysed its content, and kept its windows
        where they are wanted.
    failed : bool
        Whether it failed as it stood.
    """

    size: int
    modified_ns: int
    settled: bool
    failed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Analyses that one seat made of files that are there.

    Attributes
    ----------
    seat : Seat
    paths : tuple of bytes
    probabilities : ndarray of float32, shape (files, genres)
    seconds : ndarray of float32, shape (files,)
    music : ndarray of float32, shape (files,)
        NaN where the model does not say.
    notices : tuple of str
        Codes of what is worth knowing of a file, with a space between them.
    """

    seat: Seat
    paths: tuple[bytes, ...]
    probabilities: FloatArray
    seconds: FloatArray
    music: FloatArray
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """How one model file describes the files that are there.

    Attributes
    ----------
    seat : Seat
        Of that model file.
    paths : tuple of bytes
        Only of files whose embedding was kept.
    directions : ndarray of float32, shape (files, features)
        Of length one.
    """

    seat: Seat
    paths: tuple[bytes, ...]
    directions: FloatArray


@dataclass(frozen=True, slots=True)
class Writing:
    """One file's tags as a journal has them.

    Attributes
    ----------
    path : bytes
    before, after : tuple of str
        The genres that stood there, and those written.
    run : int
        Number of the `tag apply` that wrote them.
    undone : bool
    """

    path: bytes
    before: tuple[str, ...]
    after: tuple[str, ...]
    run: int
    undone: bool = False


class Store(Protocol):
    """What a scan and its questions need of a store; a context manager.

    Every ``keep_…`` is whole or not at all, and lasts once it returned.
    """

    def known(self, seats: Sequence[Seat], keep_windows: bool = False) -> dict[bytes, Known]:
        """Every path that is there, as it stands for these seats, windows included or not."""
        ...

    def contents(
        self, size: int, seats: Sequence[Seat], keep_windows: bool = False
    ) -> frozenset[bytes]:
        """SHA-256 of the contents of that size which `known` would call settled."""
        ...

    def keep(self, file: FileState, digest: bytes, analyses: Sequence[Analysis]) -> None:
        """Keep what a file holds, and what was made of it, in place of what was.

        Windows that an earlier analysis by the same seat kept stay where the new one has none.
        """
        ...

    def keep_known(self, file: FileState, digest: bytes) -> bytes | None:
        """Keep that a file holds a content known already; the path that it moved from, if any."""
        ...

    def keep_failure(self, file: FileState, failure: Failure) -> None:
        """Keep that a file failed as it stands."""
        ...

    def mark_gone(self, paths: Iterable[bytes]) -> None:
        """These paths are no longer there; what is known of their contents stays."""
        ...

    def seats(self) -> tuple[tuple[Seat, int], ...]:
        """Every seat, with how many files that are there it has analysed; the latest first."""
        ...

    def answers(self, seats: Sequence[Seat]) -> tuple[Answers, ...]:
        """What each of these seats says, in order of path.

        Where several are seats of one model, only the latest of them that heard a content
        answers for it.
        """
        ...

    def embeddings(self, seat: Seat) -> Embeddings:
        """Embeddings of files that are there by this seat's model file, in order of path.

        Whichever windows it looked at, the latest time: embeddings of one model file can be
        compared, those of two cannot.
        """
        ...

    def timeline(self, path: bytes, seat: Seat) -> Analysis | None:
        """One analysis with its windows, as far as they were kept."""
        ...

    def failures(self) -> tuple[tuple[bytes, Failure], ...]:
        """Files that are there and failed, in order of path."""
        ...

    def begin_run(self, plan: str) -> int:
        """Enter a `tag apply` into the journal: its number."""
        ...

    def note_writing(self, writing: Writing) -> None:
        """Enter a file into the journal before its tags are written."""
        ...

    def note_undone(self, writing: Writing) -> None:
        """Its tags are as they were before."""
        ...

    def journal(self, run: int | None = None) -> tuple[Writing, ...]:
        """Writings of that run, or of the latest with something to undo; in order of writing."""
        ...

    def open_writings(self) -> tuple[Writing, ...]:
        """Every writing of any run that is not undone, in order of writing."""
        ...

    def follow(self, file: FileState, before: bytes, after: bytes) -> None:
        """A file's tags changed its bytes but not its sound: what is known of it stays."""
        ...

    def close(self) -> None:
        """Let go of the database; twice does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class StoreModule(Protocol):
    """What a module of this folder offers."""

    def open_store(self, place: str, *, create: bool = True) -> Store:
        """Open what is at `place`, made or brought up to date first; raises `CollectionError`."""
        ...

    def public_name(self, place: str) -> str:
        """`place` as people may read it: without a password."""
        ...


def names() -> tuple[str, ...]:
    """The kinds of store found, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> StoreModule:
    """Import one kind's module.

    Raises
    ------
    CollectionError
        If there is none of that name.
    """
    if name not in names():
        raise CollectionError(f"no store {name!r}; there are: {', '.join(names())}")
    return cast(StoreModule, import_module(f"{__name__}.{name}"))


def default_place() -> str:
    """What ``GENRESCOPE_STORE`` names; else the user's own collection."""
    from platformdirs import user_data_path

    own = user_data_path("genrescope", appauthor=False) / "collection.sqlite"
    return os.environ.get(PLACE_VARIABLE) or str(own)


def _module(place: str) -> StoreModule:
    scheme, found, _ = place.partition("://")
    if not found:
        return load(DEFAULT)
    fitting = [name for name in names() if name != DEFAULT and scheme.startswith(name)]
    if not fitting:
        others = ", ".join(f"{name}…://" for name in names() if name != DEFAULT)
        raise CollectionError(f"no kind of store is called {scheme}://; a file's path, or {others}")
    return load(fitting[0])


def public_name(place: str | Path) -> str:
    """A place as people may read it: without a password.

    Raises
    ------
    CollectionError
        If it is an address of nothing known.
    MissingExtraError
        If what reads such addresses is not installed.
    """
    return _module(str(place)).public_name(str(place))


def open_store(place: str | Path | None = None, *, create: bool = True) -> Store:
    """Open a collection's store.

    Parameters
    ----------
    place : str or path, optional
        A file, or an address such as ``postgresql://ana@host/music``; else `default_place`.
    create : bool
        Whether one that is not there is made; else that is an error.

    Raises
    ------
    CollectionError
        If it cannot be opened, is something else, or was written by a later Genrescope.
    MissingExtraError
        If it must be made or brought up to date, and the extra for it is not installed; or its
        database is reached by something that is not.
    """
    where = str(place or default_place())
    return _module(where).open_store(where, create=create)
