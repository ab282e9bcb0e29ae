"""``genrescope scan``: a whole library into a store."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.scanning import Scanning
from genrescope.types import AudioError

if TYPE_CHECKING:
    from genrescope.collection import stores
    from genrescope.collection.scanning import Agenda, Outcome, Stop
    from genrescope.collection.values import Seat

EPILOG = """Examples:

`genrescope scan ~/Music`

`genrescope scan --model all --store archive.sqlite /srv/archive`

`genrescope scan --engine ray --address head:6379 --store postgresql://db/music s3://archive/music`

`genrescope scan --shards found/ ~/Music`

then

`genrescope find 'jazz > 0.6' --store archive.sqlite`"""

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FILE|URL",
        help="The collection: a file, or postgresql://…; else $GENRESCOPE_STORE, else your own.",
    ),
]


def place_of(store: str | None) -> list[str]:
    """The option that names the same store again; a password is left out."""
    from genrescope.collection.stores import public_name

    return [] if store is None else ["--store", public_name(store)]


def scan_command(
    library: Annotated[
        list[str],
        typer.Argument(metavar="LIBRARY...", help="Folders, single files, or s3:// and the like."),
    ],
    store: Store = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name, file, or `all`.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Decoding processes a machine; else one a processor."),
    ] = None,
    limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds of work on one file at most.")
    ] = 60.0,
    windows: Annotated[
        str, typer.Option(help="Which windows: first, centre, all, or a number.")
    ] = "all",
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Keep every window's probabilities, too.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Also files that failed and have not changed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an event.")] = False,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="For files: local or ray. For networks: openvino or onnxruntime."),
    ] = None,
    address: Annotated[
        str, typer.Option(help="With --engine ray: the cluster's, HOST:6379; else one here.")
    ] = "",
    device: Annotated[str | None, typer.Option(help="CPU, GPU, NPU or CUDA.")] = None,
    shards: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write Parquet files there, too (extra `parquet`)."),
    ] = None,
    shard_rows: Annotated[int, typer.Option(min=1, help="Rows of such a file.")] = 100_000,
) -> None:
    """Classify every sound file of a library, and keep what was found.

    Files that stand as they stood under the same models are passed over; moved ones are
    recognised by what they hold. A file that cannot be read is kept as a failure, with the
    reason, and stops nothing. Ctrl-C finishes what is in flight; the same command goes on from
    there. `.genrescopeignore` files name what is passed over, in the way of `.gitignore`.
    `--engine ray` spreads the work over the machines of a Ray cluster.

    Exit code 1 says that some files failed in this run.
    """
    from genrescope.audio import parse_windows
    from genrescope.collection import scanning
    from genrescope.models.processors import usable_processors

    try:
        choice = parse_windows(windows)
    except AudioError as error:
        raise typer.BadParameter(str(error)) from error
    for_files, for_networks = _engines(engine or [])
    if address and for_files != "ray":
        raise typer.BadParameter("--address goes with --engine ray")
    here = 0 if for_files == "ray" else usable_processors()
    terms = scanning.Terms(
        workers=workers or here,
        engine=for_files,
        address=address,
        limit_seconds=limit,
        windows=choice,
        keep_windows=timeline,
        retry=retry,
    )
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models
    from genrescope.collection.stores import open_store

    classifier = Classifier(load_models(model or [], for_networks, device))
    with open_store(store) as opened, stopping() as stop:
        seats = scanning.seats_of(classifier, terms)
        agenda = scanning.plan(library, opened, seats, retry)
        report = Report(agenda, as_json, store)
        report.begin()
        outcomes = scanning.scan(classifier, opened, agenda, terms, stop)
        if shards is not None:
            outcomes = _into_shards(outcomes, shards, shard_rows, opened, seats, library)
        with Scanning(len(agenda.pending)) as display:
            for outcome in outcomes:
                report.write(outcome)
                display.move(report.name_of(outcome), report.counts)
    report.end(stop.asked)
    if stop.asked:
        raise typer.Exit(130)
    if report.counts["failed"]:
        raise typer.Exit(1)


def _into_shards(
    outcomes: Generator[Outcome, None, None],
    folder: Path,
    rows: int,
    store: stores.Store,
    seats: Sequence[Seat],
    library: list[str],
) -> Generator[Outcome, None, None]:
    from genrescope.collection.shards import Shards, also_written

    return also_written(outcomes, Shards(folder, rows), store, seats, library)


def _engines(chosen: list[str]) -> tuple[str, str | None]:
    """What works through the files, and what runs the networks: no name means both."""
    from genrescope.collection import engines

    files = [name for name in chosen if name in engines.names()]
    networks = [name for name in chosen if name not in files]
    if len(files) > 1 or len(networks) > 1:
        raise typer.BadParameter("--engine takes one for the files and one for the networks")
    return (*files, engines.DEFAULT)[0], (*networks, None)[0]


@contextmanager
def stopping() -> Iterator[Stop]:
    """Ctrl-C, or a request to terminate, stops gently the first time and at once the second."""
    from genrescope.collection.scanning import Stop

    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True
        show.remark("finishing what is in flight; once more stops at once")

    before = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class Report:
    """Says what a scan does: lines for people on standard error, or events on standard output."""

    def __init__(self, agenda: Agenda, as_json: bool, store: str | None) -> None:
        self.agenda = agenda
        self._place = place_of(store)
        self.counts: Counter[str] = Counter()
        self._json = as_json
        self._began = time.monotonic()

    def begin(self) -> None:
        """What is to be done."""
        agenda = self.agenda
        counts = {
            "to_do": len(agenda.pending),
            "unchanged": agenda.unchanged,
            "failed_before": agenda.failed_before,
            "gone": len(agenda.gone),
        }
        for path, reason in agenda.unread:
            self._say(
                {"event": "unread", "path": os.fsdecode(path), "reason": reason},
                f"could not be looked into: {_line(path)} ({reason})",
            )
        text = f"{_many(len(agenda.pending))} to do, {agenda.unchanged:,} unchanged"
        if agenda.failed_before:
            text += f", {agenda.failed_before:,} failed before (--retry tries them again)"
        if agenda.gone:
            text += f", {len(agenda.gone):,} no longer there"
        self._say({"event": "begin", **counts}, text)

    def write(self, outcome: Outcome) -> None:
        """What became of a file."""
        self.counts[outcome.kind] += 1
        self.counts["moved"] += outcome.moved_from is not None
        failure = outcome.failure
        text = f"{outcome.file.name}: {failure.reason}" if failure is not None else ""
        self._say(event_of(outcome), text)

    def name_of(self, outcome: Outcome) -> str:
        """The file's own name, on one line."""
        return Path(outcome.file.name).name

    def end(self, stopped: bool) -> None:
        """What was done, and how to go on."""
        seconds = time.monotonic() - self._began
        done = sum(self.counts[kind] for kind in ("analysed", "recognised", "failed"))
        event = {
            "event": "end",
            "stopped": stopped,
            "seconds": round(seconds, 3),
            **{k: self.counts[k] for k in ("analysed", "recognised", "moved", "failed")},
        }
        rate = f", {done / seconds:.1f} a second" if done and seconds > 0 else ""
        text = f"{self.counts['analysed']:,} analysed, {self.counts['recognised']:,} recognised"
        text += f" ({self.counts['moved']:,} moved)" if self.counts["moved"] else ""
        text += f", {self.counts['failed']:,} failed in {seconds:.1f} s{rate}"
        self._say(event, text)
        if stopped:
            left = len(self.agenda.pending) - done
            self._say(None, f"stopped: {_many(left)} left; the same command goes on")
        elif not self._json and done:
            self._say(None, "now try: " + shlex.join(["genrescope", "stats", *self._place]))

    def _say(self, event: dict[str, Any] | None, text: str) -> None:
        if self._json:
            if event is not None:
                sys.stdout.write(json.dumps(event) + "\n")
                sys.stdout.flush()
        elif text:
            show.remark(text)


def event_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as what `json` can write; stray bytes of names stay escapes."""
    event: dict[str, Any] = {"event": outcome.kind, "path": os.fsdecode(outcome.file.path)}
    if outcome.failure is not None:
        event |= {"stage": outcome.failure.stage, "reason": outcome.failure.reason}
    elif outcome.result is not None:
        genre, probability = outcome.result.top(1)[0]
        event |= {"genre": genre, "probability": round(probability, 4)}
    elif outcome.moved_from is not None:
        event["moved_from"] = os.fsdecode(outcome.moved_from)
    return event


def _line(path: bytes) -> str:
    from genrescope.audio.source import shown

    return shown(os.fsdecode(path))


def _many(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"
