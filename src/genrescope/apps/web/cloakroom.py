"""Sounds that have arrived and wait, for moments, to be looked at."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from genrescope.apps.serving import Upload
from genrescope.types import GenrescopeError

KEEP_SECONDS = 60.0
BATCH_SECONDS = 1800.0


@dataclass(slots=True, eq=False)
class Batch:
    """Sounds that one page sends one after another, and asks about together.

    Attributes
    ----------
    last : float
        When they are let go of at the latest.
    until : float
        Until then they wait on; each sound that has come puts it off.
    coming : int
        Sounds on their way to join them.
    """

    last: float
    until: float = 0.0
    coming: int = 0


@dataclass(slots=True, eq=False)
class _Held:
    upload: Upload
    owner: ExitStack
    until: float
    batch: Batch
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_late(self, now: float) -> bool:
        """Whether nobody may be expected to ask for it any more."""
        if self.users or self.until > now:
            return False
        together = self.batch.coming > 0 or self.batch.until > now
        return not together or self.batch.last <= now


class Cloakroom:
    """Uploads by a key that only their sender knows; each is handed out once, or closed soon.

    A browser sends a sound in one request and asks about it in the next. Between the two it
    lies here. Of many sounds, sent one after another, the first wait for the last. A page that
    is zoomed into asks for one piece of its sound after another: to it the sound is lent, and
    closed when it has not asked for a while.

    Parameters
    ----------
    keep_seconds : float
        How long an upload that nobody asks about is kept.
    batch_seconds : float
        For how long the first upload of a batch may wait for others to arrive.
    """

    def __init__(
        self, keep_seconds: float = KEEP_SECONDS, batch_seconds: float = BATCH_SECONDS
    ) -> None:
        self._keep, self._batch_seconds = keep_seconds, batch_seconds
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    @contextmanager
    def beside(self, key: str) -> Iterator[Batch]:
        """The batch of the upload of that key; all of it waits while one more arrives.

        Nothing is renewed under a key that is not there: a batch of its own begins then. None is
        kept for longer than `batch_seconds`, however many arrive.
        """
        with self._lock:
            held = self._held.get(key)
            batch = held.batch if held else Batch(time.monotonic() + self._batch_seconds)
            batch.coming += 1
        try:
            yield batch
        finally:
            with self._lock:
                batch.coming -= 1
                batch.until = time.monotonic() + self._keep

    def put(self, upload: Upload, owner: ExitStack, batch: Batch | None = None) -> str:
        """Keep an upload; `owner` closes it, `beside` knows its batch. Returns its key."""
        key, now = secrets.token_urlsafe(24), time.monotonic()
        batch = batch or Batch(now + self._batch_seconds)
        with self._lock:
            self._held[key] = _Held(upload, owner, now + self._keep, batch)
            self._watch()
        return key

    def take(self, key: str) -> Upload:
        """Hand out an upload, which whoever takes it closes.

        Raises
        ------
        GenrescopeError
            If there is none: it was taken before, or waited too long.
        """
        with self._lock:
            held = self._held.pop(key, None)
        if held is None:
            raise GenrescopeError("the sound is no longer here: choose it again")
        held.owner.pop_all()  # whoever takes it closes it
        return held.upload

    @contextmanager
    def lend(self, key: str) -> Iterator[Upload]:
        """Lend an upload to one user at a time, and keep it for as long again.

        Raises
        ------
        GenrescopeError
            If there is none, as for `take`.
        """
        with self._lock:
            held = self._held.get(key)
            if held is None:
                raise GenrescopeError("the sound is no longer here: choose it again")
            held.users += 1
        try:
            with held.lock:
                yield held.upload
        finally:
            with self._lock:
                held.users -= 1
                held.until = time.monotonic() + self._keep
                gone = held.users == 0 and self._held.get(key) is not held
            if gone:
                held.owner.close()

    def has(self, key: str) -> bool:
        """Whether an upload of that key waits."""
        with self._lock:
            return key in self._held

    def drop(self, key: str) -> None:
        """Close an upload that nobody will ask for again; one that is not there is no fault."""
        with self._lock:
            held = self._held.pop(key, None)
            idle = held is not None and held.users == 0
        if held is not None and idle:
            held.owner.close()

    @property
    def count(self) -> int:
        """Uploads that wait."""
        with self._lock:
            return len(self._held)

    def _watch(self) -> None:
        if self._sweeper is None and self._held:
            self._sweeper = threading.Timer(self._keep, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [key for key, held in self._held.items() if held.is_late(now + 0.01)]
            gone = [self._held.pop(key) for key in late]
            self._sweeper = None
            self._watch()
        for held in gone:
            held.owner.close()

    def close(self) -> None:
        """Close all that waits."""
        with self._lock:
            gone, self._held = [held for held in self._held.values() if not held.users], {}
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        for held in gone:
            held.owner.close()
