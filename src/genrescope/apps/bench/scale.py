"""What a very large collection costs: measured on one recording and one store, multiplied on paper.

Work is counted in processor seconds, all threads together, so that a busy machine does not change
what is counted.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from genrescope.audio import ALL_WINDOWS, open_audio
from genrescope.classification.classifier import Classifier
from genrescope.classification.drawing import Drawn, Heard, draw_source
from genrescope.classification.looking import Model
from genrescope.collection.stores import open_store
from genrescope.collection.table import read_table
from genrescope.collection.values import Analysis, FileState, Seat, analyses_of, seat_of
from genrescope.types import Comparison

SONG_SECONDS = 210.0
"""The length that everything is multiplied to: three and a half minutes."""

COUNTS = (1_000_000, 100_000_000)


@dataclass(frozen=True, slots=True)
class Costs:
    """What one song costs.

    Attributes
    ----------
    read, decode, draw, network : float
        Processor seconds: its SHA-256, its samples, its spectrograms, every model over all of it.
    keep : float
        Processor seconds to ask the store about it and to put it there; of the one process that
        writes.
    look_again : float
        Seconds to see that it has not changed, by its row in the store.
    row_bytes : float
        Of the store on disk.
    timeline_bytes : float
        More, where every window's probabilities are kept.
    memory_bytes : float
        Of the process that scans, for its place in the list.
    table_bytes : float
        Of `genrescope find` at most, for its line in the table.
    file_bytes : float
        To be read.
    models : tuple of str
    """

    read: float
    decode: float
    draw: float
    network: float
    keep: float
    look_again: float
    row_bytes: float
    timeline_bytes: float
    memory_bytes: float
    table_bytes: float
    file_bytes: float
    models: tuple[str, ...]

    @property
    def work(self) -> float:
        """Processor seconds that can be spread over machines."""
        return self.read + self.decode + self.draw + self.network


def measure(source: Path, models: Sequence[Model], *, repeats: int = 5, rows: int = 2000) -> Costs:
    """Measure one song's costs: a recording's, stretched to `SONG_SECONDS`, and a store's.

    Parameters
    ----------
    source : Path
        A recording; the longer, the less its beginning weighs.
    models : sequence of Model
    repeats : int
        Medians are taken.
    rows : int
        Of the store that is made for it.

    Raises
    ------
    AudioError
        If the source is no sound.
    """
    classifier = Classifier(models)
    specs = classifier.specs
    result = classifier.classify(source)  # what is made once is made before
    first = result.predictions[0] if isinstance(result, Comparison) else result
    stretch = SONG_SECONDS / first.seconds
    drawn: list[Drawn | Heard] = list(draw_source(source, specs))

    def look() -> None:
        sitting = classifier.sit()
        for piece in drawn:
            sitting.take(piece)

    read = _processor(lambda: hashlib.sha256(source.read_bytes()).digest(), repeats)
    decode = _processor(lambda: _exhaust(source), repeats)
    whole = _processor(lambda: list(draw_source(source, specs)), repeats)
    network = _processor(look, repeats)
    seats = [seat_of(model, ALL_WINDOWS) for model in models]
    plain = analyses_of(result, seats, keep_windows=False)
    windows = sum(len(model.card.labels) * 4 + 4 for model in models) * len(first.window_starts)
    keep, again, row_bytes, memory, table = _store(seats, plain, rows)
    return Costs(
        *(read * stretch, decode * stretch, max(0.0, whole - decode) * stretch, network * stretch),
        *(keep, again, row_bytes, windows * stretch, memory, table),
        *(source.stat().st_size * stretch, tuple(model.card.name for model in models)),
    )


def _exhaust(source: Path) -> None:
    with open_audio(source) as stream:
        for _ in stream.blocks():
            pass


def _processor(call: Callable[[], object], repeats: int) -> float:
    found = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return median(found)


def _store(
    seats: Sequence[Seat], analyses: Sequence[Analysis], rows: int
) -> tuple[float, float, float, float, float]:
    """Seconds to keep and to look again, bytes on disk, of a scan, of `find`; of one row."""
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as folder:
        place = Path(folder) / "store.sqlite"
        open_store(place).close()
        empty = place.stat().st_size
        files = [
            FileState(f"/archive/label/artist/album {n // 12}/{n:09} song.mp3".encode(), n, n)
            for n in range(rows)
        ]
        with open_store(place) as store:
            began = time.process_time()
            for number, file in enumerate(files):
                store.contents(file.size, seats)
                store.keep(file, number.to_bytes(32), analyses)
            keep = (time.process_time() - began) / rows
        row_bytes = (place.stat().st_size - empty) / rows
        with open_store(place) as store:
            began = time.process_time()
            store.known(seats)
            again = (time.process_time() - began) / rows
            tracemalloc.start()
            known = store.known(seats)
            listed = [FileState(bytes(bytearray(f.path)), f.size, f.modified_ns) for f in files]
            memory = tracemalloc.get_traced_memory()[0] / len(known)
            del known, listed
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            table = (_peak(lambda: read_table(store)) - before) / rows
            tracemalloc.stop()
    return keep, again, row_bytes, memory, table


def _peak(call: Callable[[], object]) -> int:
    """Bytes that Python held at most during a call."""
    call()
    return tracemalloc.get_traced_memory()[1]


def page(costs: Costs, command: str, machine: str) -> str:
    """The page ``docs/scale.md``.

    Parameters
    ----------
    costs : Costs
    command : str
        What measured them.
    machine : str
        What it ran on, in words.
    """
    return "\n".join([*_head(costs, command, machine), *_table(costs), "", *_breaks(costs), ""])


def _head(costs: Costs, command: str, machine: str) -> list[str]:
    steps = (
        ("read and hash", costs.read),
        ("decode", costs.decode),
        ("resample and draw", costs.draw),
        (f"networks: {', '.join(costs.models)}", costs.network),
        ("keep in the store", costs.keep),
    )
    return [
        "# Scale: a million songs, a hundred million",
        "",
        f"Written by `{command}` on {machine}. One song is {SONG_SECONDS:g} s long; what is counted"
        " is processor time, all threads together. Nothing of this size was run: these are one"
        " song's figures, multiplied.",
        "",
        "| one song | processor milliseconds |",
        "|---|---|",
        *(f"| {name} | {seconds * 1000:,.1f} |" for name, seconds in steps),
        "",
    ]


def _table(costs: Costs) -> list[str]:
    lines: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("processor-hours", lambda n: f"{n * (costs.work + costs.keep) / 3600:,.0f}"),
        ("days on 16 processors", lambda n: f"{n * costs.work / 16 / 86400:,.1f}"),
        ("days on 1,000 processors", lambda n: f"{n * costs.work / 1000 / 86400:,.2f}"),
        ("read", lambda n: _size(n * costs.file_bytes)),
        ("store on disk", lambda n: _size(n * costs.row_bytes)),
        ("with `--timeline`", lambda n: _size(n * (costs.row_bytes + costs.timeline_bytes))),
        ("hours of the one process that writes", lambda n: f"{n * costs.keep / 3600:,.2f}"),
        ("its memory for the list", lambda n: _size(n * costs.memory_bytes)),
        ("minutes to look again, unchanged", lambda n: f"{n * costs.look_again / 60:,.1f}"),
        ("memory of `find`", lambda n: _size(n * costs.table_bytes)),
    )
    return [
        "| | " + " | ".join(f"{count:,} songs" for count in COUNTS) + " |",
        "|---|" + "---|" * len(COUNTS),
        *(f"| {name} | " + " | ".join(told(n) for n in COUNTS) + " |" for name, told in lines),
    ]


def _breaks(costs: Costs) -> list[str]:
    full, wire = 64 * 2**30, 10e9 / 8
    songs = (
        (
            full / costs.table_bytes / 1e6,
            "**Asking.** `find` and `stats` hold the whole table: 64 GiB are full at {:,.0f}"
            " million songs. Beyond it, ask the database itself in SQL (`analysis.genre`), or keep"
            " several stores.",
        ),
        (
            full / costs.memory_bytes / 1e6,
            "**The list.** A scan holds every path and what the store knows of it: 64 GiB are full"
            " at {:,.0f} million songs. Scan folder by folder; the store may be the same.",
        ),
    )
    machines = (
        (
            wire / costs.file_bytes * costs.work,
            "**The wire.** 10 Gbit/s feed {:,.0f} processors. Put the machines where the music is.",
        ),
        (
            costs.work / costs.keep,
            "**The one process that writes** is busy when {:,.0f} processors send it songs, by its"
            " processor time alone; a slow disk or a server far away makes it fewer. More of them"
            " wait, and nothing is lost. In PostgreSQL several scans may write at once, each of its"
            " own folders.",
        ),
    )
    return [
        "## Where it breaks first",
        "",
        "With more songs:",
        "",
        *(f"{n}. {text.format(at)}" for n, (at, text) in enumerate(sorted(songs), 1)),
        "",
        "With more machines:",
        "",
        *(f"{n}. {text.format(at)}" for n, (at, text) in enumerate(sorted(machines), 1)),
    ]


def _size(count: float) -> str:
    """Bytes for people.

    >>> _size(2_500_000), _size(3e12)
    ('2.5 MB', '3.0 TB')
    """
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count / 1e3:,.1f} kB"
