"""Whole processes, from a cold start to their end: how long, and how much memory at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from genrescope.apps.bench import field, songs
from genrescope.apps.bench.timing import Row, pair_of
from genrescope.classification.looking import Model
from genrescope.models import card_to_json
from genrescope.types import GenrescopeError, refuse

PEAK = """
from pathlib import Path
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith("VmHWM:"):
        print(line.split()[1])
"""
"""At a program's end: its greatest resident memory in KiB, as Linux knows it."""

OURS = "import sys, genrescope; genrescope.classify(sys.argv[1], [sys.argv[2]])"
LENGTHS = ((30.0, 3), (240.0, 3), (960.0, 1))
"""Seconds of a song, and how often it is measured."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process took: milliseconds, and MB at most."""

    ms: float
    mb: float


def measure(source: Path | None, model: Model) -> list[Row]:
    """One song in a process of its own, by one model: time and memory, for growing lengths.

    Parameters
    ----------
    source : Path or None
        What the songs are made of.
    model : Model

    Returns
    -------
    list of Row
        Beside librosa and eager PyTorch where those are installed; memory on Linux only.

    Raises
    ------
    GenrescopeError
        If a process fails.
    """
    rows: list[Row] = []
    beside = field.way_of(model)[0] is not None
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as folder, warm_modules() as env:
        card = Path(folder) / "card.json"
        card.write_text(card_to_json(model.card), encoding="utf-8")
        for seconds, repeats in LENGTHS:
            song = songs.lengthen(source, Path(folder) / f"{seconds:.0f}.mp3", seconds)
            ours = [sys.executable, "-c", OURS, str(song), model.path or model.card.name]
            theirs = field.first_song(song, card) if beside else None
            for command in (ours, theirs):
                if command and not rows:
                    run(command, env)  # networks and modules are compiled once, and before
            rows += _beside(f"{seconds:.0f} s song, {model.card.name}", ours, theirs, repeats, env)
    return rows


def _beside(
    name: str, ours: list[str], theirs: list[str] | None, repeats: int, env: dict[str, str]
) -> list[Row]:
    mine, others = [], []
    for _ in range(repeats):
        mine.append(run(ours, env))
        if theirs:
            others.append(run(theirs, env))
    if not others:
        rows = [Row(name, median(one.ms for one in mine))]
        peak = Row(f"{name}: memory", median(one.mb for one in mine), unit="MB")
    else:
        rows = [pair_of(name, [o.ms for o in mine], field.LABEL, [o.ms for o in others])]
        peak = pair_of(
            f"{name}: memory", [o.mb for o in mine], field.LABEL, [o.mb for o in others], "MB"
        )
    return [*rows, peak] if mine[0].mb else rows


def run(command: Sequence[str], env: dict[str, str]) -> Ended:
    """Run ``python -c PROGRAM …`` to its end, and have it say its greatest memory.

    Raises
    ------
    GenrescopeError
        If it fails.
    """
    interpreter, flag, program, *rest = command
    told = program + PEAK if sys.platform == "linux" else program
    began = time.perf_counter()
    done = subprocess.run(
        [interpreter, flag, told, *rest], env=env, capture_output=True, text=True, check=False
    )
    ms = (time.perf_counter() - began) * 1000
    if done.returncode:
        raise GenrescopeError(f"a process that was timed failed: {done.stderr.strip()[-300:]}")
    return Ended(ms, int(done.stdout.split()[-1]) * 1024 / 1e6 if sys.platform == "linux" else 0.0)


def say(
    command: Sequence[str],
    failed: str,
    error: type[GenrescopeError],
    limit_seconds: float | None = None,
) -> str:
    """Run a command to its end: what it printed.

    Raises
    ------
    error
        If it fails, or takes longer: `failed`, and the last line of its complaint.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=limit_seconds
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        raise error(f"{failed}: {why}") from why
    last_words = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
    refuse(done.returncode != 0, f"{failed}: {last_words}", error)
    return done.stdout


@contextmanager
def warm_modules() -> Iterator[dict[str, str]]:
    """An environment in which modules are compiled once, as they are in most installations.

    Without it, where Python was told to write no bytecode, every start would compile thousands of
    modules again, the field's more than ours.
    """
    with tempfile.TemporaryDirectory(prefix="genrescope-bytecode-") as folder:
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        yield {**kept, "PYTHONPYCACHEPREFIX": folder}
