"""What a training run wrote down of its steps, read back."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = "log.jsonl"
TOP1 = " top1"
"""Ends the name of a set of validation songs in a line of the log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step.

    Attributes
    ----------
    step : int
        Counted from 1.
    loss : float
    pixels : int
        Height and width of its pictures; 0 where the log does not say.
    seconds : float
        How long it took, validation included.
    rate : float or None
        Learning rate; logs of older versions do not say.
    valid : dict of str to float
        Top-1 by set of validation songs, as shares; empty where nothing was measured.
    """

    step: int
    loss: float
    pixels: int
    seconds: float
    rate: float | None
    valid: dict[str, float]


def read_logbook(path: Path) -> list[Entry]:
    """The steps of a run, in order, each as it was taken last.

    A run that was killed goes on at its last checkpoint and takes the steps after it again: what
    was written of them before does not count. A line that was cut off is passed over.

    Parameters
    ----------
    path : Path
        ``log.jsonl``.

    Returns
    -------
    list of Entry
        Empty where there is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    entries: list[Entry] = []
    for line in text.splitlines():
        entry = _entry(line)
        if entry is None:
            continue
        while entries and entries[-1].step >= entry.step:
            entries.pop()
        entries.append(entry)
    return entries


def _entry(line: str) -> Entry | None:
    try:
        said: dict[str, Any] = json.loads(line)
        rate = said.get("rate")
        entry = Entry(
            int(said["step"]),
            float(said["loss"]),
            int(said.get("pixels", 0)),
            float(said.get("seconds", 0.0)),
            None if rate is None else float(rate),
            {k.removesuffix(TOP1): float(v) for k, v in said.items() if k.endswith(TOP1)},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return entry if math.isfinite(entry.loss) else None
