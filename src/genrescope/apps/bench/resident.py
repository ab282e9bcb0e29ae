"""Memory of a scan as it goes on, in a process of its own: this one holds other ways as well."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrescope.apps.bench.timing import Row
from genrescope.apps.bench.whole import say
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model, load_models
from genrescope.collection import scanning
from genrescope.collection.stores import open_store
from genrescope.models.processors import usable_processors
from genrescope.types import CollectionError, refuse

RATE = 22050

PROGRAM = """
import json, sys
from pathlib import Path
from genrescope.apps.bench import resident
folder, count, *models = sys.argv[1:]
print(json.dumps(resident.grow(models, Path(folder), int(count))))
"""


def measure(models: Sequence[Model], folder: Path, count: int) -> Row:
    """Memory of a scan of short files, after a tenth of them and after all.

    Parameters
    ----------
    models : sequence of Model
        Found again by their files, or their names.
    folder : Path
        Made for it.
    count : int
        Files, a second each.

    Returns
    -------
    Row
        In MB; with the decoding processes.

    Raises
    ------
    CollectionError
        If a file fails, or the system does not tell what a process holds.
    """
    chosen = [model.path or model.card.name for model in models]
    write_tones(folder, count)
    line = [sys.executable, "-c", PROGRAM, str(folder), str(count), *chosen]
    first, last = json.loads(say(line, "memory was not measured", CollectionError))
    name, beside = f"memory after {count:,} files", f"after {_early(count):,}"
    share = first / last
    return Row(name, last, beside, first, share, share, share, "with workers", "MB")


def _early(count: int) -> int:
    return max(1, count // 10)


def grow(models: list[str], folder: Path, count: int) -> tuple[float, float]:
    """Scan a folder of so many files: MB held after a tenth of them, and after all.

    Raises
    ------
    CollectionError
        As `measure`.
    """
    classifier, seen = Classifier(load_models(models)), []
    terms = scanning.Terms(workers=usable_processors())
    with open_store(folder.with_suffix(".sqlite")) as store:
        agenda = scanning.plan([str(folder)], store, scanning.seats_of(classifier, terms))
        for done, one in enumerate(scanning.scan(classifier, store, agenda, terms), 1):
            refuse(one.kind != "analysed", f"{one.file.name}: {one.failure}", CollectionError)
            if done in (_early(count), count):
                seen.append(_held())
    return seen[0], seen[-1]


def write_tones(folder: Path, count: int) -> None:
    """Write a second of a tone each, no two alike."""
    import soundfile

    seconds = np.arange(RATE) / RATE
    for number in range(count):
        path = folder / f"{number // 1000:04}" / f"{number:07}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.5 * np.sin(2 * np.pi * (100 + number * 0.37) * seconds)
        soundfile.write(path, tone.astype(np.float32), RATE)


def _held() -> float:
    """MB of this process and its children, as Linux tells it."""
    total = 0.0
    pids = ["self", *(str(child.pid) for child in multiprocessing.active_children())]
    for pid in pids:
        try:
            lines = Path("/proc", pid, "status").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CollectionError("memory is measured on Linux only: --short 0") from error
        total += next(int(one.split()[1]) for one in lines if one.startswith("VmRSS:")) / 1024
    return total
