"""A run's folder: its checkpoint, and that one process at a time trains in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from genrescope.types import TrainingError, refuse


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint: tensors and plain values only.

    Raises
    ------
    TrainingError
        If it is not there or not one of ours.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise TrainingError(f"{path}: not a checkpoint: {error}") from error
    refuse(not {"step", "network", "average"} <= set(state), f"{path}: incomplete", TrainingError)
    return state


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """While this lasts, no other process trains in the folder; the lock goes with the process.

    Raises
    ------
    TrainingError
        If another does.
    """
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise TrainingError(
            f"another process trains in {folder}: wait for it, or train under another --runs"
        ) from error
    try:
        yield
    finally:
        lock.release()
