"""Scanning a library beside the loop that one would write, and scanning it again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrescope.apps.bench.timing import Row, milliseconds, pair
from genrescope.classification.classifier import Classifier, Model
from genrescope.collection import scanning
from genrescope.collection.stores import Store, open_store
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import CollectionError, refuse


def measure(
    source: Path, models: Sequence[Model], *, files: int, rows: int, repeats: int = 1
) -> list[Row]:
    """A new library beside a loop over `classify`, then one that has not changed.

    Parameters
    ----------
    source : Path
        An mp3, copied so often, each copy with other bytes before its sound.
    models : sequence of Model
    files : int
        Copies.
    rows : int
        Empty files with made-up rows, for the scan of an unchanged library; 0 leaves it out.
    repeats : int

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
        paths = _copies(source, top / "library", files)
        stores = (top / f"{number}.sqlite" for number in range(2 * repeats + 2))

        def ours() -> None:
            _scan(classifier, top / "library", next(stores), files)

        def theirs() -> None:
            for path in paths:
                classifier.classify(path)

        classifier.classify(paths[0])  # what is made once is made before
        label = "classify in a loop"
        found = [pair(f"scan of {files} files", ours, label, theirs, repeats, warm=False)]
        if rows:
            found.append(_unchanged(classifier, top, rows))
    return found


def _copies(source: Path, folder: Path, count: int) -> list[Path]:
    """The same sound with other bytes: an empty ID3 tag, each of another length, before it."""
    folder.mkdir()
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
    terms = scanning.Terms(workers=scanning.usable_processors())
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

        return Row(f"scan of {rows:,} unchanged files", milliseconds(again))


def _fake(store: Store, path: Path, seats: Sequence[Seat]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    state = path.stat()
    file = FileState(bytes(path), state.st_size, state.st_mtime_ns)
    even = [np.full(len(s.labels), 1 / len(s.labels), dtype=np.float32) for s in seats]
    analyses = [Analysis(s, row, 180.0, None) for s, row in zip(seats, even, strict=True)]
    store.keep(file, str(path).encode(errors="replace")[-32:].rjust(32), analyses)
