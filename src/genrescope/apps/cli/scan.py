"""``genrescope scan``: a whole library into a store."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.scan_report import Report
from genrescope.apps.cli.scanning import Scanning
from genrescope.types import AudioError

if TYPE_CHECKING:
    from genrescope.audio import WindowChoice
    from genrescope.collection import stores
    from genrescope.collection.scanning import Outcome, Stop
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

Windows = Annotated[str, typer.Option(help="Which windows: first, centre, all, or a number.")]


def scan_command(
    library: Annotated[
        list[str],
        typer.Argument(
            metavar="LIBRARY...",
            help="Folders, single files, patterns ('music/**/*.mp3'), or s3:// and the like.",
        ),
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
        float, typer.Option(min=0.1, max=86_400, help="Seconds of work on one file at most.")
    ] = 60.0,
    windows: Windows = "all",
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
    A pattern in quotes (`*`, `?`, `[…]`, and `**` for folders of any depth) means the sounds and
    folders that match, as a walk through the folder before it finds them.
    `--engine ray` spreads the work over the machines of a Ray cluster.

    Exit code 1 says that some files failed in this run.
    """
    from genrescope.collection import scanning
    from genrescope.models.processors import usable_processors

    choice = choice_of(windows)
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
        agenda = scanning.plan(library, opened, seats, retry, timeline)
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


def choice_of(windows: str) -> WindowChoice:
    """What ``--windows`` says."""
    from genrescope.audio import parse_windows

    try:
        return parse_windows(windows)
    except AudioError as error:
        raise typer.BadParameter(str(error)) from error


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
