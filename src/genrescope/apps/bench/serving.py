"""A server's start and what it answers under load, beside the library alone."""

from __future__ import annotations

from pathlib import Path

from genrescope.apps.bench import load, starting
from genrescope.apps.bench.timing import Row
from genrescope.types import GenrescopeError, refuse

CLIENTS, SECONDS = 8, 8.0
STARTS = 3


def measure(song: Path, model: str) -> list[Row]:
    """Start servers, ask one of them many times at once, and read what its memory did.

    Parameters
    ----------
    song : Path
        What is asked about.
    model : str
        The one that looks at it.

    Raises
    ------
    GenrescopeError
        If nothing was answered, or the library ended no song in its turn.
    """
    found = load.measure(song, [model], clients=CLIENTS, seconds=SECONDS)
    refuse(not found.answers.get("200"), f"it answered {found.answers}", GenrescopeError)
    refuse(not found.looped_per_second, "the library did not end one song", GenrescopeError)
    memory = [_memory(found)] if found.after_mb else []
    return [*starting.measure([model], STARTS), _throughput(found), *memory]


def _throughput(found: load.Load) -> Row:
    return Row(
        f"a 30 s song over HTTP, {found.clients} clients at once",
        1000 / found.served_per_second,
        f"the library in {found.workers} threads",
        1000 / found.looped_per_second,
        found.ratio,
        found.ratio,
        found.ratio,
        f"an answer takes {found.median_ms:.0f} ms, the slowest {found.slowest_ms:.0f}",
    )


def _memory(found: load.Load) -> Row:
    share = found.before_mb / found.after_mb
    return Row(
        f"the server's memory after {sum(found.answers.values())} requests",
        found.after_mb,
        "after one",
        found.before_mb,
        share,
        share,
        share,
        unit="MB",
    )
