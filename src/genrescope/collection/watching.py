"""Watching folders: what arrives is scanned once it stands still."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.collection.scanning import Agenda, Stop, plan
from genrescope.collection.stores import Store
from genrescope.collection.values import FileState, Seat
from genrescope.collection.walking import folder_of
from genrescope.types import CollectionError, MissingExtraError

SETTLE_SECONDS = 2.0
"""A file whose size and time stand still for so long is taken for whole."""

_TICK_MS = 500


class Settling:
    """Which files stand still: those that look the same after a while.

    Parameters
    ----------
    seconds : float
        How long that while is.
    clock : callable
        Seconds, for ever growing.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._since: dict[FileState, float] = {}

    def settled(self, files: Sequence[FileState]) -> list[FileState]:
        """Of these, the ones seen just so long enough ago; the others wait.

        A file half written changes its size or its time, and is a new one here.
        """
        now = self._clock()
        self._since = {file: self._since.get(file, now) for file in files}
        return [file for file, since in self._since.items() if now - since >= self._seconds]

    @property
    def waiting(self) -> int:
        """Files seen by the last `settled`, ready or not."""
        return len(self._since)


def arrivals(
    roots: Sequence[str],
    store: Store,
    seats: Sequence[Seat],
    stop: Stop,
    settle_seconds: float = SETTLE_SECONDS,
) -> Iterator[Agenda]:
    """What is to be scanned, again and again, until `stop` is asked.

    Parameters
    ----------
    roots : sequence of str
        Folders, or patterns of files in them. What is new there already comes first.
    store : Store
    seats : sequence of Seat
    stop : Stop
    settle_seconds : float

    Yields
    ------
    Agenda
        Never without work.

    Raises
    ------
    MissingExtraError
        If watchfiles is not installed.
    CollectionError
        If a root is no folder, or goes away.
    """
    try:
        import watchfiles
    except ImportError as error:
        raise MissingExtraError("watching folders", "collection") from error
    folders = [folder_of(root) for root in roots]
    for folder in folders:
        if not Path(folder).is_dir():
            raise CollectionError(f"{shown(folder)}: not a folder that can be watched")
    settling = Settling(settle_seconds)
    changed = True
    ticks = watchfiles.watch(
        *folders, stop_event=stop, yield_on_timeout=True, rust_timeout=_TICK_MS, step=100
    )
    try:
        for changes in _first_at_once(ticks):
            if stop.asked:
                return
            changed = changed or bool(changes)
            if not (changed or settling.waiting):
                continue
            changed = False
            agenda = plan(roots, store, seats, may_match_nothing=True)
            ready = settling.settled(agenda.pending)
            if ready or agenda.gone:
                yield replace(agenda, pending=ready)
                changed = True
    except OSError as error:
        raise CollectionError(f"cannot be watched ({error})") from error


def _first_at_once(ticks: Iterable[Collection[object]]) -> Iterator[Collection[object]]:
    yield ()
    yield from ticks
