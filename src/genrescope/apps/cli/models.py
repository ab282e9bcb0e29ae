"""``genrescope models``: what is there, what it says of itself, getting more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.card import print_card, print_pairs

app = typer.Typer(
    help="List, show, verify, install and remove model files.",
    epilog="Example: `genrescope models show mobilenetv3_mel`",
    invoke_without_command=True,
)

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.callback()
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_command(as_json=False)


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List every model file that was found, and where.

    Example: `genrescope models list`
    """
    from genrescope import models

    listings = models.list_models()
    if as_json:
        rows = [
            {
                "name": one.name,
                "path": str(one.path),
                "place": one.place,
                "kind": one.card.spectrogram.kind if one.card else None,
                "pretrained": one.card.pretrained if one.card else None,
                "labels": list(one.card.labels) if one.card else None,
                "problem": one.problem or None,
            }
            for one in listings
        ]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column in ("model", "sees", "labels", "where", ""):
        table.add_column(column)
    for one in listings:
        card = one.card
        sees = f"{card.spectrogram.kind} {card.picture.height}×{card.picture.width}" if card else ""
        count = str(len(card.labels)) if card else ""
        marked = "pre-trained by others" if card and card.pretrained else ""
        note = Text(one.problem, style="red") if one.problem else Text(marked, style="dim")
        table.add_row(one.name, sees, count, one.place, note)
    show.out().print(table)


@app.command("show")
def show_command(name: str, as_json: Json = False) -> None:
    """Show a model's card as a page: recipe, training data, scores, what not to believe.

    Example: `genrescope models show mobilenetv3_mel`
    """
    from genrescope import models

    model = models.find(name)
    if as_json:
        sys.stdout.write(models.card_to_json(model.card) + "\n")
        return
    print_card(model.card)
    rows = [
        ("file", str(model.path)),
        ("bytes", f"{model.size_bytes:,}"),
        ("SHA-256", model.sha256),
    ]
    print_pairs(rows)


@app.command("verify")
def verify_command(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Read model files again from their bytes: digest, card, network.

    Example: `genrescope models verify`
    """
    from genrescope import models
    from genrescope.models import zoo
    from genrescope.types import ModelError

    broken = 0
    for name in names or [one.name for one in models.list_models()]:
        try:
            model = zoo.verify(name)
        except ModelError as error:
            broken += 1
            show.complain(str(error))
            continue
        show.out().print(f"{name}: in order, {model.sha256[:16]}…", highlight=False)
    if broken:
        raise typer.Exit(1)


@app.command("gauge")
def gauge_command(
    names: Annotated[list[str], typer.Argument(metavar="MODEL...")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the collections; else $GENRESCOPE_DATA.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; else the file is replaced.")
    ] = None,
) -> None:
    """Fit what tells music from other sounds, and write it onto a model's card.

    Nothing is trained again. Several candidates are fitted on training music and ambient
    sounds, chosen on validation, and measured on test.

    Example: `genrescope models gauge mobilenetv3_mel`
    """
    from genrescope.learn.gauge_judging import METRICS, gauge_file

    for name in names:
        file, trials = gauge_file(name, output, data)
        tried = ", ".join(f"{trial.feature} {trial.auroc:.3f}" for trial in trials)
        show.out().print(f"{name}: AUROC on validation: {tried}", highlight=False)
        for score in (s for s in file.card.scores if s.metric in METRICS):
            figures = f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"
            aside = f" [{score.note}]" if score.note else ""
            line = f"  {score.dataset} {score.split}{aside}: {score.metric} {figures}"
            show.out().print(Text(line), highlight=False)
        show.out().print(f"wrote {file.path}", highlight=False)


@app.command("index")
def index_command(folder: Path) -> None:
    """Write a folder's `index.json`: digest, size and scores of every model file in it.

    Scores of which a card notes something (pictures were translated) keep the note. Where there is
    an index, a file that is not the one it describes is refused.

    Example: `genrescope models index models`
    """
    from genrescope.models import write_index

    show.out().print(f"wrote {write_index(folder)}", highlight=False)


@app.command("install")
def install_command(
    source: Annotated[str, typer.Argument(metavar="FILE|URL")],
    sha256: Annotated[str | None, typer.Option(help="What the file's digest must be.")] = None,
) -> None:
    """Put a model file into your models folder, verified. A URL needs its SHA-256.

    Models that the package does not carry lie in `models/` of the source repository.

    Example: `genrescope models install models/densenet121_mel.onnx`
    """
    from genrescope import models

    model = models.install(source, sha256)
    show.out().print(f"{model.card.name} is installed: {model.path}", highlight=False)
    _tell_namesakes(model.card.name, model.path)


def _tell_namesakes(name: str, installed: Path) -> None:
    """Say so where another file of that name now stands back, or still answers."""
    from genrescope.models import namesakes

    (_, first), *others = namesakes(name)
    if first != installed:
        show.remark(f"but {first} has the same name and comes first: that one answers")
        return
    for place, path in others:
        show.remark(f"it stands before the one of that name that is {place}: {path}")
    if others:
        show.remark(f"`genrescope models remove {name}` brings that one back")


@app.command("remove")
def remove_command(name: str) -> None:
    """Delete a model that was installed.

    Example: `genrescope models remove mine`
    """
    from genrescope import models

    show.out().print(f"removed {models.remove(name)}", highlight=False)
