"""Scanning a library beside the loop that one would write, and scanning it again."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from genrescope.apps.bench.songs import lengthen
from genrescope.apps.bench.timing import Row, alone, pair
from genrescope.classification.classifier import Classifier, Model
from genrescope.collection import scanning
from genrescope.collection.stores import Store, open_store
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.models.processors import usable_processors
from genrescope.types import CollectionError, refuse

AGAIN = 3
"""So often an unchanged library is scanned."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is scanned; 0 leaves a figure out.

    Attributes
    ----------
    files : int
        Songs of a new library, scanned beside a loop over `classify`.
    minutes : float
        Length of each, the source over and over; 0 for the source as it is.
    rows : int
        Empty files with made-up rows, for the scan of an unchanged library.
    short : int
        Files of a second, for memory after a tenth of them and after all.
    """

    files: int = 100
    minutes: float = 0.0
    rows: int = 0
    short: int = 0


def measure(source: Path, models: Sequence[Model], sizes: Sizes, *, repeats: int = 1) -> list[Row]:
    """A new library beside a loop over `classify`, one that has not changed, and memory.

    Parameters
    ----------
    source : Path
        An mp3, copied so often, each copy with other bytes before its sound.
    models : sequence of Model
    sizes : Sizes
    repeats : int
        Of the first figure.

    Returns
    -------
    list of Row
        The first includes making the store and starting the workers, for every repeat.

    Raises
    ------
    CollectionError
        If the source is no mp3, or a file failed.
    """
    refuse(source.suffix.lower() != ".mp3", f"{source}: --scan needs an mp3", CollectionError)
    classifier = Classifier(models)
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as place:
        top = Path(place)
        found = []
        if sizes.files:
            long = sizes.minutes > 0
            song = lengthen(source, top / "song.mp3", 60 * sizes.minutes) if long else source
            row = beside_a_loop(song, classifier, top, sizes.files, repeats)
            named = f"{row.name} of {sizes.minutes:g} min" if long else row.name
            found.append(replace(row, name=named))
        if sizes.rows:
            found.append(_unchanged(classifier, top, sizes.rows))
        if sizes.short:
            found.append(_memory(classifier, top, sizes.short))
    return found


def beside_a_loop(
    song: Path, classifier: Classifier, top: Path, files: int, repeats: int = 1
) -> Row:
    """Copies of an mp3 scanned into a new store, beside a loop over `classify`.

    Parameters
    ----------
    song : Path
    classifier : Classifier
    top : Path
        A folder of the measurement's own.
    files, repeats : int

    Raises
    ------
    CollectionError
        If a file was not analysed.
    """
    paths = copies(song, top / "library", files)
    stores = (top / f"{number}.sqlite" for number in range(repeats))

    def ours() -> None:
        _scan(classifier, top / "library", next(stores), files)

    def theirs() -> None:
        for path in paths:
            classifier.classify(path)

    classifier.classify(paths[0])  # what is made once is made before
    label = "classify in a loop"
    return pair(f"scan of {files} songs", ours, label, theirs, repeats, warm=False)


def copies(source: Path, folder: Path, count: int) -> list[Path]:
    """The same sound with other bytes: an empty ID3 tag, each of another length, before it."""
    folder.mkdir(parents=True)
    content = source.read_bytes()
    paths = []
    for number in range(count):
        padding = number + 64
        size = bytes([padding >> 21 & 127, padding >> 14 & 127, padding >> 7 & 127, padding & 127])
        path = folder / f"{number:05}.mp3"
        path.write_bytes(b"ID3\x03\x00\x00" + size + bytes(padding) + content)
        paths.append(path)
    return paths


def _scan(classifier: Classifier, folder: Path, place: Path, files: int) -> None:
    terms = scanning.Terms(workers=usable_processors())
    with open_store(place) as store:
        agenda = scanning.plan([str(folder)], store, scanning.seats_of(classifier, terms))
        kinds = [one.kind for one in scanning.scan(classifier, store, agenda, terms)]
    refuse(kinds.count("analysed") != files, f"not all were analysed: {kinds}", CollectionError)


def _unchanged(classifier: Classifier, top: Path, rows: int) -> Row:
    """Time the walk and the look into the store where nothing has changed."""
    folder, terms = top / "unchanged", scanning.Terms()
    seats = scanning.seats_of(classifier, terms)
    with open_store(top / "unchanged.sqlite") as store:
        for number in range(rows):
            _fake(store, folder / f"{number // 1000:04}" / f"{number:07}.mp3", seats)

        def again() -> None:
            agenda = scanning.plan([str(folder)], store, seats)
            left = len(agenda.pending)
            refuse(left > 0, f"{left} of {rows} were not known", CollectionError)

        return alone(f"scan of {rows:,} unchanged files", again, AGAIN)


def _fake(store: Store, path: Path, seats: Sequence[Seat]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    state = path.stat()
    file = FileState(bytes(path), state.st_size, state.st_mtime_ns)
    even = [np.full(len(s.labels), 1 / len(s.labels), dtype=np.float32) for s in seats]
    analyses = [Analysis(s, row, 180.0, None) for s, row in zip(seats, even, strict=True)]
    store.keep(file, str(path).encode(errors="replace")[-32:].rjust(32), analyses)


def _memory(classifier: Classifier, top: Path, count: int) -> Row:
    """Resident memory of this process and its workers, after a tenth of the files and at the end.

    Raises
    ------
    CollectionError
        If the system does not tell it.
    """
    folder, early = top / "short", max(1, count // 10)
    _short_songs(folder, count)
    terms = scanning.Terms(workers=usable_processors())
    seen: list[float] = []
    with open_store(top / "short.sqlite") as store:
        agenda = scanning.plan([str(folder)], store, scanning.seats_of(classifier, terms))
        for done, one in enumerate(scanning.scan(classifier, store, agenda, terms), 1):
            refuse(one.kind != "analysed", f"{one.file.name}: {one.failure}", CollectionError)
            if done in (early, count):
                seen.append(_resident_mb())
    first, last = seen[0], seen[-1]
    name, beside = f"memory after {count:,} files", f"after {early:,}"
    share = first / last
    return Row(name, last, beside, first, share, share, share, "with workers", "MB")


def _short_songs(folder: Path, count: int) -> None:
    """A second of a tone each, no two alike."""
    import soundfile

    rate = 22050
    seconds = np.arange(rate) / rate
    for number in range(count):
        path = folder / f"{number // 1000:04}" / f"{number:07}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.5 * np.sin(2 * np.pi * (100 + number * 0.37) * seconds)
        soundfile.write(path, tone.astype(np.float32), rate)


def _resident_mb() -> float:
    """Of this process and its children, as Linux tells it."""
    total = 0.0
    pids = ["self", *(str(child.pid) for child in multiprocessing.active_children())]
    for pid in pids:
        try:
            lines = Path("/proc", pid, "status").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CollectionError("memory is measured on Linux only: --short 0") from error
        total += next(int(one.split()[1]) for one in lines if one.startswith("VmRSS:")) / 1024
    return total
