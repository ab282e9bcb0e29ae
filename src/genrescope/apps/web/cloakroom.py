"""Sounds that have arrived and wait, for moments, to be looked at."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

from genrescope.apps.serving import Upload
from genrescope.types import GenrescopeError

KEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Held:
    upload: Upload
    owner: ExitStack
    until: float


class Cloakroom:
    """Uploads by a key that only their sender knows; each is handed out once, or closed soon.

    A browser sends a sound in one request and asks about it in the next. Between the two it
    lies here.

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
            late = [key for key, held in self._held.items() if held.until <= now + 0.01]
            gone = [self._held.pop(key) for key in late]
            self._sweeper = None
            self._watch()
        for held in gone:
            held.owner.close()

    def close(self) -> None:
        """Close all that waits."""
        with self._lock:
            gone, self._held = list(self._held.values()), {}
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        for held in gone:
            held.owner.close()
