"""How cost grows: with the length of a song, and with the number of songs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from genrescope.apps.bench import field, scanning, songs
from genrescope.apps.bench.timing import Row, milliseconds, pair
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model

LENGTHS = (30.0, 60.0, 240.0, 960.0)
COUNTS = (1, 4, 16, 64)
SONG_SECONDS = 30.0


def by_length(source: Path | None, model: Model, repeats: int) -> list[Row]:
    """Songs of growing length through one model, beside librosa and eager PyTorch.

    Parameters
    ----------
    source : Path or None
        What the songs are made of.
    model : Model
    repeats : int

    Returns
    -------
    list of Row
        The note says what a minute of sound costs.
    """
    way, _ = field.way_of(model)
    classifier = Classifier([model])
    rows = []
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as folder:
        for seconds in LENGTHS:
            song = songs.lengthen(source, Path(folder) / f"{seconds:.0f}.mp3", seconds)
            theirs = partial(way, song) if way else None
            row = beside(f"{seconds:.0f} s", partial(classifier.classify, song), theirs, repeats)
            rows.append(_each(row, seconds / 60, "a minute of sound"))
    return rows


def by_number(source: Path | None, model: Model, repeats: int) -> list[Row]:
    """`genrescope scan` over more and more songs of 30 s, beside `classify` in a loop.

    Parameters
    ----------
    source : Path or None
        What the songs are made of.
    model : Model
    repeats : int

    Returns
    -------
    list of Row
        A scan begins its workers and makes its store anew each time; the note says what a song
        costs.

    Raises
    ------
    CollectionError
        If a song was not analysed.
    """
    classifier = Classifier([model])
    rows = []
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as place:
        top = Path(place)
        song = songs.lengthen(source, top / "song.mp3", SONG_SECONDS)
        for count in COUNTS:
            loop = {scanning.LOOP: classifier.classify}
            (row,) = scanning.beside_others(
                song, classifier, loop, top / str(count), count, repeats
            )
            rows.append(_each(row, count, "a song"))
    return rows


def by_model(
    source: Path | None, models: Sequence[Model], repeats: int, count: int, seconds: float
) -> list[Row]:
    """Songs one after another through each model, beside librosa and eager PyTorch.

    Parameters
    ----------
    source : Path or None
        What the songs are made of.
    models : sequence of Model
    repeats : int
    count : int
        How many songs.
    seconds : float
        Of each.

    Returns
    -------
    list of Row
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as place:
        song = songs.lengthen(source, Path(place) / "song.mp3", seconds)
        paths = scanning.copies(song, Path(place) / "songs", count)
        for model in models:
            way, note = field.way_of(model)
            ours = partial(_over, Classifier([model]).classify, paths)
            theirs = partial(_over, way, paths) if way else None
            name = f"{count} × {seconds:.0f} s, {model.card.name}"
            rows.append(replace(beside(name, ours, theirs, repeats), note=note))
    return rows


def beside(
    name: str, ours: Callable[[], object], theirs: Callable[[], object] | None, repeats: int
) -> Row:
    """Long calls in turn, after one of each that does not count; alone where there is no other."""
    ours()
    if theirs is None:
        return Row(name, sorted(milliseconds(ours) for _ in range(repeats))[repeats // 2])
    theirs()
    return pair(name, ours, field.LABEL, theirs, repeats, warm=False)


def grown(rows: Sequence[Row], unit: str, times: float) -> str:
    """What the last row costs beside the first, in words; "" for fewer than two."""
    if len(rows) < 2:
        return ""
    first, last = rows[0], rows[-1]
    other = f" ({first.theirs}: {last.theirs_ms / first.theirs_ms:.1f} ×)" if first.theirs else ""
    return f"{times:.0f} × the {unit} costs {last.ours_ms / first.ours_ms:.1f} × the time{other}."


def _over(call: Callable[[Path], object], paths: Sequence[Path]) -> None:
    for path in paths:
        call(path)


def _each(row: Row, parts: float, what: str) -> Row:
    note = f"{row.ours_ms / parts:.0f} ms {what}"
    if row.theirs:
        note += f", beside {row.theirs_ms / parts:.0f} ms"
    return replace(row, note=note)
