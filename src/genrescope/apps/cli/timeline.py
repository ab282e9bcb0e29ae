"""``genrescope timeline``: what a recording is from moment to moment."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.cleaning import Clean, CleanBand, CleanNoise, CleanTrim, read_options
from genrescope.apps.cli.waiting import Waiting
from genrescope.apps.cli.written import written
from genrescope.collection.spreadsheet import harmless_row
from genrescope.types import GenrescopeError, ModelCard, Timeline

if TYPE_CHECKING:
    from genrescope.apps.tiles import Columns
    from genrescope.types import FloatArray

EPILOG = """Examples:

`genrescope timeline samples/metal_armygeddon.mp3`

`genrescope timeline samples/disco_con_tutti.mp3 --every 2 --model all -o course.png`

`genrescope timeline samples/reggae_thief_in_the_night.ogg -o course.html`"""

FORMS = (".png", ".csv", ".json", ".html")
MOST_LINES = 48
CELLS = 40


def timeline_command(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="A sound.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File: .png, .csv, .json or .html.")
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(help="A window every so many seconds; else windows lie end to end."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name, file, or `all`.")
    ] = None,
    start: Annotated[float, typer.Option(min=0.0, help="Begin at this second.")] = 0.0,
    duration: Annotated[
        float | None, typer.Option(help="Listen to so many seconds at most.")
    ] = None,
    clean: Clean = False,
    clean_band: CleanBand = None,
    clean_noise: CleanNoise = None,
    clean_trim: CleanTrim = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Follow the genre through a recording, and cut it into the stretches it falls into.

    Each step is one window of ten seconds, placed at its middle. By default windows lie end to
    end, the same that `genrescope classify --timeline` lists; `--every 2` draws one every two
    seconds. Of several models the mean is drawn, and how far they are apart in bits
    (Jensen-Shannon divergence). Ten hours need no more memory than ten minutes.
    """
    if output is not None and output.suffix.lower() not in FORMS:
        raise typer.BadParameter(f"-o ends in one of {', '.join(FORMS)}, not {output.suffix!r}")
    if output is not None and not output.absolute().parent.is_dir():
        raise GenrescopeError(f"{output.parent}: no such folder to write to")
    report = output is not None and output.suffix.lower() == ".html"
    if report and source == "-":
        raise typer.BadParameter("a report goes through the sound twice: name a file, not -")
    from genrescope.apps.reasons import plain_timeline
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models
    from genrescope.classification.timeline import trace

    changes = read_options(clean, clean_band, clean_noise, clean_trim)
    classifier = Classifier(load_models(model or []))
    with Waiting(1) as waiting:
        waiting.begin(source)
        found = trace(
            classifier,
            sys.stdin.buffer if source == "-" else source,
            every=every,
            start=start,
            duration=duration,
            tell=waiting.hear,
            changes=changes,
        )
    if as_json:
        sys.stdout.write(json.dumps(plain_timeline(found), ensure_ascii=False) + "\n")
    else:
        _show(found)
    if output is not None:
        if report:
            from genrescope.apps.tiles import draw_overview

            seconds = found.predictions[0].seconds
            overview = draw_overview(source, seconds, start, duration, changes)
            _write_report(found, overview, classifier.models[0].card, output)
        else:
            _write(found, output)
        show.remark(f"wrote {output}")


def _write(found: Timeline, output: Path) -> None:
    form = output.suffix.lower()
    if form == ".png":
        from genrescope.apps.posters import draw_timeline

        name = Path(found.predictions[0].source).name
        with written(output) as place:
            draw_timeline(found, f"{name}: {', '.join(found.models)}", place)
    elif form == ".csv":
        with written(output) as place, place.open("w", newline="", encoding="utf-8") as file:
            write_csv(found, file)
    else:
        from genrescope.apps.reasons import plain_timeline

        text = json.dumps(plain_timeline(found), ensure_ascii=False, indent=1)
        with written(output) as place:
            place.write_text(text + "\n", encoding="utf-8")


def _write_report(found: Timeline, overview: Columns, card: ModelCard, output: Path) -> None:
    """One HTML file that opens offline, in the language that the terminal is set to."""
    from genrescope.apps.web import texts
    from genrescope.apps.web.offline import course_report

    page = course_report(found, overview, card, texts.load(texts.of_system()))
    with written(output) as place:
        place.write_text(page, encoding="utf-8")


def write_csv(found: Timeline, file: IO[str]) -> None:
    """Write a timeline as a table: a row a step."""
    from genrescope.apps.reasons import timeline_rows

    rows = timeline_rows(found)
    writer = csv.writer(file)
    for cells in (rows[0], *(row.values() for row in rows)):
        writer.writerow(harmless_row(cells))


def _show(found: Timeline) -> None:
    genre, share = found.result.top(1)[0]
    count = len(found.models)
    by = found.models[0] if count == 1 else f"mean of {count} models"
    name = found.predictions[0].source
    show.show_headline(name, genre, share, f"{by}, a window every {found.step:.3g} s")
    for segment in found.segments:
        line = Text(f"  {show.clock(segment.start):>8} – {show.clock(segment.end):<8} ")
        line.append(segment.genre, style=f"bold {show.colour_of(segment.genre)}")
        line.append(f" {segment.probability * 100:.0f} %", style="dim")
        show.out().print(line, highlight=False)
    show.out().print()
    for first in range(0, len(found.seconds), _lines_apart(found)):
        rows = slice(first, first + _lines_apart(found))
        show.out().print(_line(found, rows), highlight=False)
    _show_disagreements(found)
    show.show_notices(found.predictions[0].notices)


def _show_disagreements(found: Timeline) -> None:
    """Where several models pull apart most, and what each says there."""
    from genrescope.classification.timeline import find_disagreements

    for place in find_disagreements(found):
        assert found.divergence is not None
        line = Text(f"  apart at {show.clock(float(found.seconds[place]))}", style="dim")
        line.append(f" ({found.divergence[place]:.2f} bits)", style="dim")
        for model, rows in zip(found.models, found.per_model, strict=True):
            best = int(rows[place].argmax())
            line.append(f"  {model} ", style="dim")
            label = found.labels[best]
            line.append(f"{label} {rows[place, best] * 100:.0f} %", style=show.colour_of(label))
        show.out().print(line, highlight=False)


def _lines_apart(found: Timeline) -> int:
    return max(1, -(-len(found.seconds) // MOST_LINES))


def _line(found: Timeline, rows: slice) -> Text:
    """One line of the drawing: when, the stacked probabilities, the first choice.

    Without colours only the first choice is drawn: a stack of one colour says nothing.
    """
    mean: FloatArray = found.probabilities[rows].mean(axis=0)
    line = Text(f"  {show.clock(float(found.seconds[rows][0])):>8} ", style="dim")
    best = int(mean.argmax())
    drawn = mean if show.has_colours() else np.where(np.arange(mean.size) == best, mean, 0)
    edges = (drawn.cumsum() * CELLS).round().astype(int)
    for label, first, last in zip(found.labels, [0, *edges[:-1]], edges, strict=True):
        line.append("█" * int(last - first), style=show.colour_of(label))
    line.append(" " * int(CELLS - edges[-1]))
    label = found.labels[best]
    line.append(f" {label} {mean[best] * 100:.0f} %", style=show.colour_of(label))
    if found.divergence is not None:
        line.append(f"  apart {found.divergence[rows].max():.2f}", style="dim")
    return line
