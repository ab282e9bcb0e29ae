"""Timing two ways in turn, so that a machine's mood falls on both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]
TURN_MS = 80.0
MOST_CALLS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the benchmark.

    Attributes
    ----------
    name : str
        What was timed.
    ours_ms : float
        Median, in milliseconds, or in `unit`.
    theirs : str
        What it was measured beside, or "".
    theirs_ms : float
    ratio, low, high : float
        Median, least and greatest of its time over ours, pair by pair.
    note : str
    unit : str
        What `ours_ms` and `theirs_ms` are in; milliseconds but where memory is measured.
    """

    name: str
    ours_ms: float
    theirs: str = ""
    theirs_ms: float = 0.0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    note: str = ""
    unit: str = "ms"


def milliseconds(call: Call) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def turn(call: Call) -> float:
    """Median of several calls in a row, after one that does not count.

    The call before was another library's: its threads may still be spinning, and the caches hold
    its data. Single calls in turn would time that.
    """
    settling = milliseconds(call)
    count = min(MOST_CALLS, max(1, math.ceil(TURN_MS / max(settling, 1e-3))))
    return median(milliseconds(call) for _ in range(count))


def alone(name: str, call: Call, repeats: int, note: str = "") -> Row:
    """Time one way, in `repeats` turns."""
    return Row(name, median(turn(call) for _ in range(repeats)), note=note)


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
        Pairs of turns that count.
    warm : bool
        Whether a turn is several calls after one that does not count; otherwise it is one call,
        and what it costs to begin is part of it.

    Returns
    -------
    Row
    """
    time_it = turn if warm else milliseconds
    if warm:
        ours()
        theirs()
    times = [(time_it(ours), time_it(theirs)) for _ in range(repeats)]
    return pair_of(name, [mine for mine, _ in times], label, [other for _, other in times])


def pair_of(
    name: str, ours: Sequence[float], label: str, theirs: Sequence[float], unit: str = "ms"
) -> Row:
    """The row of figures that were measured in turn, the first of ours with the first of theirs."""
    ratios = [other / mine for mine, other in zip(ours, theirs, strict=True)]
    return Row(
        name,
        median(ours),
        label,
        median(theirs),
        median(ratios),
        min(ratios),
        max(ratios),
        unit=unit,
    )
