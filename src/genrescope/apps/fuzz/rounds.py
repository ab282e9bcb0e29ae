"""One round in the process that may die of it: make files, send them through all doors, tidy."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np

from genrescope.apps.fuzz.doors import Doors
from genrescope.apps.fuzz.findings import CALLED, DOORS, SERVED, TYPED, Case, Finding, Round
from genrescope.apps.fuzz.making import Maker

MOST_RESIDENT_BYTES = 2 * 2**30
MOST_NEW_HANDLES = 24

Say = Callable[[str], None]


def run_round(number: int, seed: int, files: int, maker: Maker, doors: Doors, say: Say) -> Round:
    """Send some hostile files through every door.

    Parameters
    ----------
    number, seed : int
        What the files are made from.
    files : int
    maker : Maker
    doors : Doors
    say : callable
        Told what is begun, so that who watches knows what a process died of.
    """
    generator = np.random.default_rng([seed, number])
    cases = [maker.make(place, generator) for place in range(files)]
    told = Round(number)
    began, before = time.monotonic(), open_handles()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder, tidy = Path(name) / "music", Path(name) / "temporary"
        folder.mkdir()
        tidy.mkdir()
        with _temporary_at(tidy):
            _send(folder, cases, doors, told, generator, say)
            left = sorted(str(path.relative_to(tidy)) for path in tidy.rglob("*"))
        strays = {os.fsencode(path.name) for path in folder.iterdir()} - {c.name for c in cases}
        for what in (*left, *map(os.fsdecode, strays)):
            told.findings.append(Finding("left behind", "", (), what))
    more = open_handles() - before
    if number > 0 and more > MOST_NEW_HANDLES:
        told.findings.append(Finding("left behind", "", (), f"{more} open handles"))
    told.seconds, told.peak_bytes = time.monotonic() - began, peak_bytes()
    if told.peak_bytes > MOST_RESIDENT_BYTES:
        told.findings.append(Finding("memory", "", (), f"{told.peak_bytes / 2**20:.0f} MiB"))
    return told


def _send(
    folder: Path,
    cases: Sequence[Case],
    doors: Doors,
    told: Round,
    generator: np.random.Generator,
    say: Say,
) -> None:
    for case in cases:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + case.name)).write_bytes(case.content)
    say("scan")
    taken = {DOORS[0]: doors.scan(folder, folder.parent / "store.sqlite", cases, told)}
    served: dict[bytes, bool] = {}
    for case in cases:
        say(f"{SERVED} {' > '.join(case.recipe)}")
        verdict = doors.serve(case, told, generator)
        if verdict is not None:
            served[case.name] = verdict
    called = {}
    names = [os.fsdecode(case.name) for case in cases]
    for name, case in zip(names, cases, strict=True):
        say(f"{CALLED} {' > '.join(case.recipe)}")
        called[case.name] = doors.call(str(folder / name), case, told)
    with chdir(folder):
        say(TYPED)
        typed = doors.type(names, cases, told)
        say(f"{TYPED} {' > '.join(cases[0].recipe)}")
        doors.type_other(names[0], cases[0], told, told.number)
    _compare(cases, {**taken, SERVED: served, TYPED: typed}, called, told)


def _compare(
    cases: Sequence[Case],
    doors: dict[str, dict[bytes, bool]],
    library: dict[bytes, bool],
    told: Round,
) -> None:
    for door, verdicts in doors.items():
        for case in cases:
            if verdicts.get(case.name, library[case.name]) != library[case.name]:
                words = (
                    f"{door} {'takes' if verdicts[case.name] else 'refuses'} it, the library not"
                )
                told.findings.append(Finding("disagreement", door, case.recipe, words))


class _temporary_at:  # noqa: N801 - used as a function is
    """Have temporary files made in one folder, where what is left can be seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._before, tempfile.tempdir = tempfile.tempdir, str(self._folder)

    def __exit__(self, *_: object) -> None:
        tempfile.tempdir = self._before


def open_handles() -> int:
    """Open files of this process; 0 where the system does not say."""
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.is_dir() else 0


def peak_bytes() -> int:
    """The most memory that this process ever had resident; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    told = Path("/proc/self/status")
    if told.is_file():  # `getrusage` would count what the parent had when it forked
        words = told.read_text(encoding="utf-8", errors="replace").split()
        return 1024 * int(words[words.index("VmHWM:") + 1]) if "VmHWM:" in words else 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)
