"""``genrescope classify``: what genre recordings are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.cleaning import Clean, CleanBand, CleanNoise, CleanTrim, read_options
from genrescope.apps.cli.sources import find_sources
from genrescope.apps.cli.waiting import Waiting
from genrescope.audio.source import shown
from genrescope.collection.spreadsheet import harmless_row
from genrescope.types import AudioError, Comparison, Failure, GenrescopeError, Prediction

if TYPE_CHECKING:
    from genrescope.apps.results import Result

EPILOG = """Examples:

`genrescope classify samples/*`

`genrescope classify --model all --top 3 samples/jazz_vibe_ace.flac`

`genrescope classify --json --timeline samples/disco_con_tutti.mp3`

`genrescope classify --clean-band 100 16000 --clean-trim samples/jazz_vibe_ace.flac`

`cat samples/blues_black_bass.ogg | genrescope classify -`"""


def classify_command(
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|-...", help="What to listen to.")
    ],
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name, file, or `all`.")
    ] = None,
    top: Annotated[
        int,
        typer.Option(
            "--top", "-n", min=1, help="How many genres to show; --json and --csv hold all."
        ),
    ] = 5,
    windows: Annotated[
        str, typer.Option(help="Which windows: first, centre, all, or a number.")
    ] = "all",
    start: Annotated[float, typer.Option(min=0.0, help="Begin at this second.")] = 0.0,
    duration: Annotated[
        float | None, typer.Option(help="Listen to so many seconds at most.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")] = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Every window by itself, too.")
    ] = False,
    clean: Clean = False,
    clean_band: CleanBand = None,
    clean_noise: CleanNoise = None,
    clean_trim: CleanTrim = False,
    engine: Annotated[str | None, typer.Option(help="openvino or onnxruntime.")] = None,
    device: Annotated[str | None, typer.Option(help="CPU, GPU, NPU or CUDA.")] = None,
) -> None:
    """Say what genre recordings are, with the probability of each genre.

    Probabilities are each network's own, calibrated on validation music. A recording is looked
    at in windows of ten seconds, whose logits are averaged; what remains behind the last of them
    is looked at where it is half a window or more, else passed over. Exit code 1 says that some
    recordings could not be classified; the others were.
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv")
    from genrescope.audio import ALL_WINDOWS, parse_windows

    try:
        choice = parse_windows(windows)
    except AudioError as error:
        raise typer.BadParameter(str(error)) from error
    changes = read_options(clean, clean_band, clean_noise, clean_trim)
    found = find_sources(sources)
    for skipped in found.skipped:
        show.remark(f"passed over {shown(skipped)}: not a sound")
    if not found.paths:
        raise GenrescopeError("no sound file among what was named")
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models

    classifier = Classifier(load_models(model or [], engine, device))
    labels = [label for one in classifier.models for label in one.card.labels]
    form, whole = "json" if as_json else "csv" if as_csv else "", choice == ALL_WINDOWS
    writer = _Writer(form, top, timeline, labels, whole)
    failures = 0
    look = partial(
        classifier.classify, windows=choice, start=start, duration=duration, changes=changes
    )
    for path, result in _results(look, found.paths):
        failures += isinstance(result, Failure)
        writer.write(path, result)
    if failures and len(found.paths) > 1:
        show.complain(f"{failures} of {len(found.paths)} could not be classified")
    if failures:
        raise typer.Exit(1)


def _results(look: Callable[..., Result], paths: tuple[str, ...]) -> Iterator[tuple[str, Result]]:
    with Waiting(len(paths)) as waiting:
        for path in paths:
            waiting.begin(path)
            try:
                yield path, look(sys.stdin.buffer if path == "-" else path, tell=waiting.hear)
            except GenrescopeError as error:
                stage = "audio" if isinstance(error, AudioError) else "classify"
                yield path, Failure(path, stage, str(error))
            waiting.end()


class _Writer:
    """Writes every result as it comes, in the form asked for."""

    def __init__(self, form: str, top: int, timeline: bool, labels: list[str], whole: bool) -> None:
        self._form, self._top, self._timeline = form, top, timeline
        self._whole = whole
        self._labels = tuple(dict.fromkeys(labels))
        self._table: csv.DictWriter[str] | None = None

    def write(self, path: str, result: Result) -> None:
        """Write the result of what was named so."""
        if self._form:
            self._write_plain(path, result)
        elif isinstance(result, Failure):
            show.complain(result.reason)
        elif isinstance(result, Comparison):
            show.show_comparison(result, self._top, self._timeline, self._whole)
        elif isinstance(result, Prediction):
            show.show_prediction(result, self._top, self._timeline, self._whole)

    def _write_plain(self, path: str, result: Result) -> None:
        """For programs: the file's own name, which people are shown with escapes."""
        from genrescope.apps.results import to_plain, to_rows

        named = {} if path == "-" else {"source": path}
        if self._form == "json":
            plain = {**to_plain(result, per_window=self._timeline), **named}
            if "models" in plain:
                plain["models"] = [{**one, **named} for one in plain["models"]]
            sys.stdout.write(_line(plain))
        else:
            for row in to_rows(result, per_window=self._timeline):
                self._write_row({**row, **named})
        sys.stdout.flush()

    def _write_row(self, row: dict[str, Any]) -> None:
        if self._table is None:
            if isinstance(sys.stdout, TextIOWrapper):
                sys.stdout.reconfigure(errors="surrogateescape")  # names of files are bytes
            names = ["source", "model", "start", "genre", "probability", "music", "error"]
            self._table = csv.DictWriter(sys.stdout, [*names, *self._labels], restval="")
            heads = self._table.fieldnames
            self._table.writerow(dict(zip(heads, harmless_row(heads), strict=True)))
        self._table.writerow(dict(zip(row, harmless_row(row.values()), strict=True)))


def _line(plain: dict[str, Any]) -> str:
    r"""One line of JSON; a name with stray bytes as escapes that Python reads back (``\udce9``)."""
    text = json.dumps(plain, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(plain)
    return text + "\n"
