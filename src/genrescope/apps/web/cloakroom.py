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


@dataclass(slots=True, eq=False)
class _Held:
    upload: Upload
    owner: ExitStack
    until: float
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Cloakroom:
    """Uploads by a key that only their sender knows; each is handed out once, or closed soon.

    A browser sends a sound in one request and asks about it in the next. Between the two it
    lies here. A page that is zoomed into asks for one piece of its sound after another: to it
    the sound is lent, and closed when it has not asked for a while.

    Parameters
    ----------
    keep_seconds : float
        How long an upload that nobody asks about is kept.
    """

    def __init__(self, keep_seconds: float = KEEP_SECONDS) -> None:
        self._keep = keep_seconds
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    def put(self, upload: Upload, owner: ExitStack) -> str:
        """Keep an upload; `owner` closes it. Returns its key."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._held[key] = _Held(upload, owner, time.monotonic() + self._keep)
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
            late = [
                key
                for key, held in self._held.items()
                if held.users == 0 and held.until <= now + 0.01
            ]
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
