"""Processes that decode what strangers send: how they are limited, and what became of them.

`genrescope.collection` scans with them, `genrescope.apps.serving` answers requests with them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection, parent_process
from typing import Any

_ENVIRONMENT = threading.Lock()
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def settle(memory_bytes: int) -> None:
    """Leave Ctrl-C to the parent, end with it, and take no more memory than allowed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if memory_bytes and sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _end_with_parent() -> None:
    """A decoder that hangs would outlive a killed parent."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def silence() -> None:
    """Native decoders write warnings to standard error, across the parent's progress."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def told(code: int | None) -> str:
    """What an exit code says, for people.

    >>> told(-11), told(1)
    ('signal 11 (SIGSEGV)', 'exit code 1')
    """
    if code is not None and code < 0:
        known = {int(one): one.name for one in signal.Signals}
        return f"signal {-code} ({known.get(-code, 'unknown')})"
    return f"exit code {code}"


@contextmanager
def without_interrupts() -> Iterator[None]:
    """A process started here hears no Ctrl-C, not while it starts either; this one hears it after.

    A terminal sends Ctrl-C to all of a group, and a worker ignores it only from `settle` on.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Workers are as many as the processors: threads of their libraries would only quarrel."""
    with _ENVIRONMENT:
        before: dict[str, Any] = {name: os.environ.get(name) for name in _THREADS}
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
