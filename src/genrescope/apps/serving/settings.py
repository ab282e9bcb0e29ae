"""How a server is set up: `Settings`."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

from genrescope.types import GenrescopeError, refuse

MEGABYTE = 10**6
LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])


def _workers() -> int:
    return max(1, min(8, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a server is told at its start.

    Attributes
    ----------
    host : str
        Address to listen at; only this machine's own by default.
    port : int
        In [0, 65535]; 0 lets the system choose.
    limit_bytes : int
        Greatest upload.
    queue_length : int
        How many requests may wait for a turn; one more is told to come again.
    workers : int
        Recordings worked on at once.
    limit_seconds : float
        Time for one request from its last byte to its answer, waiting included.
    idle_seconds : float
        How long an upload may stand still.
    token : str
        What requests must show, or "" where anybody may ask.
    cors_origins : tuple of str
        Pages of other sites that may ask, e.g. ``https://example.org``.
    allowed_hosts : tuple of str
        Names and addresses under which the server answers; beside those of this machine.
    decode_apart : bool
        Whether files are decoded in processes of their own, where the system can do that.
    job_files : int
        Files in one job.
    job_limit_bytes : int
        Bytes in one job.
    jobs_kept : int
        Jobs at work at once, and as many that have ended and are still remembered.
    job_keep_seconds : float
        How long a job that has ended is remembered.
    store : str
        The collection that the pages show; "" for the user's own, where only this machine asks.
    allow_tagging : bool
        Whether the pages may write genres into the tags of files of that collection.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    limit_bytes: int = 50 * MEGABYTE
    queue_length: int = 32
    workers: int = field(default_factory=_workers)
    limit_seconds: float = 60.0
    idle_seconds: float = 20.0
    token: str = field(default="", repr=False)
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    decode_apart: bool = True
    job_files: int = 200
    job_limit_bytes: int = 1000 * MEGABYTE
    jobs_kept: int = 8
    job_keep_seconds: float = 3600.0
    store: str = ""
    allow_tagging: bool = False

    def __post_init__(self) -> None:
        refuse(not 0 <= self.port <= 65535, f"no port has number {self.port}", GenrescopeError)
        refuse(self.queue_length < 0, "the queue holds 0 requests or more", GenrescopeError)
        for name in ("limit_bytes", "workers", "job_files", "job_limit_bytes", "jobs_kept"):
            refuse(getattr(self, name) < 1, f"{name} must be 1 or more", GenrescopeError)
        for name in ("limit_seconds", "idle_seconds", "job_keep_seconds"):
            value = getattr(self, name)
            refuse(not 0 < value < math.inf, f"{name} must be more than 0 s", GenrescopeError)
        refuse(
            not self.token.isascii() or not self.token.isprintable() or " " in self.token,
            "a token is made of printable ASCII without blanks: it travels in a header",
            GenrescopeError,
        )
        wild = "*" in self.cors_origins
        refuse(wild, "name the sites that may ask; * would let in all of them", GenrescopeError)
        refuse(
            self.allow_tagging and not self.token and not self.only_here,
            "anybody who can reach this address could write tags: --allow-tagging needs --token",
            GenrescopeError,
        )

    @property
    def only_here(self) -> bool:
        """Whether only this machine can ask: a loopback address, and no other name for it."""
        return self.host in LOOPBACK and not self.allowed_hosts
