"""``genrescope watch``: classifying what arrives in a folder."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.scan import Store, Windows, choice_of, stopping
from genrescope.apps.cli.scan_report import event_of

if TYPE_CHECKING:
    from genrescope.collection.scanning import Outcome

EPILOG = "Example: `genrescope watch ~/Downloads/music`"


def watch_command(
    folder: Annotated[
        list[str], typer.Argument(metavar="FOLDER...", help="What to watch; or 'in/*.mp3'.")
    ],
    store: Store = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name, file, or `all`.")
    ] = None,
    settle: Annotated[
        float, typer.Option(min=0.0, help="Seconds that a file must stand still to be whole.")
    ] = 2.0,
    limit: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="Seconds of work on one file at most.")
    ] = 60.0,
    windows: Windows = "all",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an event.")] = False,
    engine: Annotated[str | None, typer.Option(help="openvino or onnxruntime.")] = None,
    device: Annotated[str | None, typer.Option(help="CPU, GPU, NPU or CUDA.")] = None,
) -> None:
    """Classify what arrives in a folder, and keep it as `genrescope scan` does; until Ctrl-C.

    What is new already comes first. A file that still grows waits until it stands still.
    """
    choice = choice_of(windows)
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models
    from genrescope.collection import scanning
    from genrescope.collection.stores import open_store
    from genrescope.collection.watching import arrivals

    classifier = Classifier(load_models(model or [], engine, device))
    terms = scanning.Terms(workers=1, limit_seconds=limit, windows=choice)
    seats = scanning.seats_of(classifier, terms)
    with open_store(store) as opened, stopping() as stop:
        show.remark("watching; Ctrl-C ends it")
        for agenda in arrivals(folder, opened, seats, stop, settle):
            for outcome in scanning.scan(classifier, opened, agenda, terms, stop):
                _tell(outcome, as_json)


def _tell(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(event_of(outcome)) + "\n")
        sys.stdout.flush()
        return
    event: dict[str, Any] = event_of(outcome)
    if outcome.failure is not None:
        show.complain(f"{outcome.file.name}: {outcome.failure.reason}")
        return
    line = Text(outcome.file.name)
    if "genre" in event:
        share = f"{event['probability']:.0%}".replace("%", " %")
        line.append(f"  {event['genre']} ({share})", style=show.colour_of(event["genre"]))
    else:
        line.append("  known", style="dim")
    show.out().print(line, highlight=False)
