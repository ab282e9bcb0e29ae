"""Scanning a library beside the loop that one would write, and scanning it again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from genrescope.apps.bench import field, resident
from genrescope.apps.bench.songs import lengthen
from genrescope.apps.bench.timing import Row, alone, milliseconds, pair_of
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.collection import scanning
from genrescope.collection.stores import Store, open_store
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.models.processors import usable_processors
from genrescope.types import CollectionError, refuse

AGAIN = 3
"""So often an unchanged library is scanned."""

LOOP = "classify in a loop"

Call = Callable[[Path], object]


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
        The scan's time includes making the store and starting the workers, for every repeat.

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
            others: dict[str, Call] = {LOOP: classifier.classify}
            way, note = field.way_of(*models)
            others |= {} if way is None else {field.LABEL: way}
            rows = beside_others(song, classifier, others, top, sizes.files, repeats)
            ends = f" of {sizes.minutes:g} min" if long else ""
            ends += f", {len(models)} models" if len(models) > 1 else ""
            notes = {field.LABEL: note}
            found += [
                replace(row, name=row.name + ends, note=notes.get(row.theirs, "")) for row in rows
            ]
        if sizes.rows:
            found.append(_unchanged(classifier, top, sizes.rows))
        if sizes.short:
            found.append(resident.measure(models, top / "short", sizes.short))
    return found


def beside_others(
    song: Path,
    classifier: Classifier,
    others: Mapping[str, Call],
    top: Path,
    files: int,
    repeats: int = 1,
) -> list[Row]:
    """Copies of an mp3 scanned into a new store, beside loops over other ways with one song.

    Parameters
    ----------
    song : Path
    classifier : Classifier
    others : mapping of str to callable
        Ways with a song's path, by what they are called.
    top : Path
        A folder of the measurement's own.
    files, repeats : int

    Returns
    -------
    list of Row
        One for each of `others`, all measured in turn.

    Raises
    ------
    CollectionError
        If a file was not analysed.
    """
    paths = copies(song, top / "library", files)
    for call in (classifier.classify, *others.values()):
        call(paths[0])  # what is made once is made before

    def over(call: Call) -> None:
        for path in paths:
            call(path)

    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in others}
    for number in range(repeats):
        store = top / f"{number}.sqlite"
        ours.append(milliseconds(partial(_scan, classifier, top / "library", store, files)))
        for name, call in others.items():
            theirs[name].append(milliseconds(partial(over, call)))
    return [pair_of(f"scan of {files} songs", ours, name, theirs[name]) for name in others]


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
