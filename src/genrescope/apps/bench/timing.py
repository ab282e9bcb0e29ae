"""Timing two ways in turn, so that a machine's mood falls on both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the benchmark.

    Attributes
    ----------
    name : str
        What was timed.
    ours_ms : float
        Median, in milliseconds.
    theirs : str
        What it was measured beside, or "".
    theirs_ms : float
    ratio, low, high : float
        Median, least and greatest of its time over ours, pair by pair.
    note : str
    """

    name: str
    ours_ms: float
    theirs: str = ""
    theirs_ms: float = 0.0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    note: str = ""


def milliseconds(call: Call) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def alone(name: str, call: Call, repeats: int, note: str = "") -> Row:
    """Time one way: once to warm up, then `repeats` times."""
    call()
    return Row(name, median(milliseconds(call) for _ in range(repeats)), note=note)


def pair(name: str, ours: Call, label: str, theirs: Call, repeats: int, warm: bool = True) -> Row:
    """Time two ways in turn, ours first.

    Parameters
    ----------
    name : str
        What is timed.
    ours, theirs : callable
    label : str
        Name of theirs.
    repeats : int
        Pairs that count.
    warm : bool
        Whether each is called once before, uncounted.

    Returns
    -------
    Row
    """
    if warm:
        ours()
        theirs()
    times = [(milliseconds(ours), milliseconds(theirs)) for _ in range(repeats)]
    ratios = [other / mine for mine, other in times]
    return Row(
        name,
        median(mine for mine, _ in times),
        label,
        median(other for _, other in times),
        median(ratios),
        min(ratios),
        max(ratios),
    )
