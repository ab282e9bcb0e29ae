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
from genrescope.types import ModelCard, PictureSpec, SpectrogramSpec

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
    _print_card(model.card)
    rows = [
        ("file", str(model.path)),
        ("bytes", f"{model.size_bytes:,}"),
        ("SHA-256", model.sha256),
    ]
    _print_pairs(rows)


def _print_card(card: ModelCard) -> None:
    spec, picture = card.spectrogram, card.picture
    out = show.out()
    out.print(Text(card.name, style="bold"), Text(f"  {card.network}", style="dim"))
    if card.description:
        out.print(f"  {card.description}\n", highlight=False)
    window = f"{spec.window_seconds:g} s = {spec.frames} columns of {spec.hop_length} samples"
    fft = f", n_fft {spec.n_fft}" if spec.kind == "mel" else f", {spec.bins_per_octave} an octave"
    _print_pairs(
        [
            (
                "spectrogram",
                f"{spec.kind}, {spec.bands} bands, {spec.low_hz:.1f}–{spec.high_hz:.0f} Hz{fft}",
            ),
            ("values", _values(spec)),
            ("window", f"{window} at {spec.sample_rate} Hz"),
            ("picture", _describe_picture(picture)),
            ("labels", ", ".join(card.labels)),
            ("temperature", f"{card.temperature:.3f}"),
            ("music gauge", _gauge(card)),
            ("weights", card.weights),
            ("licence", card.licence),
            ("origin", card.origin),
            ("paper", card.paper),
            ("pre-trained", card.pretrained),
            ("held out", card.held_out),
        ]
    )
    if card.training:
        out.print("\n  learned from", style="bold")
    for source in card.training:
        out.print(
            f"    {source.name}: {source.excerpts} excerpts, {source.split}. Terms: {source.terms}",
            highlight=False,
        )
    _print_scores(card)
    _print_trust(card)
    for warning in card.warnings:
        out.print(Text(f"  ! {warning}", style="yellow"), highlight=False)
    out.print()


def _print_trust(card: ModelCard) -> None:
    from genrescope.apps.zoo_advice import say_band

    told = [band for band in card.bands if band.songs]
    if told:
        show.out().print("\n  how far to trust its first choice", style="bold")
    for band in told:
        line = f"    said {say_band(band)}: right for {band.right} of {band.songs} test songs"
        aside = f", {band.translated} of them translated pictures" if band.translated else ""
        show.out().print(line + aside, highlight=False)


def _describe_picture(picture: PictureSpec) -> str:
    parts = [f"{picture.channels} × {picture.height} × {picture.width}"]
    if picture.colours:
        parts.append(f"in {picture.colours} colours")
    if picture.stretch == "window":
        parts.append("each window from its least to its greatest value")
    if picture.lowest_row == "last":
        parts.append("lowest band at the bottom")
    return ", ".join(parts)


def _values(spec: SpectrogramSpec) -> str:
    if spec.compression == "db":
        return (
            f"dB below the loudest of {spec.reference_seconds:g} s, to −{spec.dynamic_range_db:g}"
        )
    return f"log10(1 + {spec.log_gain:g} × power)"


def _gauge(card: ModelCard) -> str:
    """What tells music from other sounds, in a sentence."""
    if card.music is None:
        return "none: it names a genre for rain, too"
    words = {
        "energy": "the logits' energy",
        "largest": "the largest logit",
        "logits": "all logits",
        "texture": "the spectrogram's texture",
    }[card.music.feature]
    kept = f"{card.music.kept:.0%}".replace("%", " %")
    return f"by {words}, {kept} of music kept; fitted on {card.music.fitted_on}"


def _print_pairs(pairs: list[tuple[str, str]]) -> None:
    for key, value in pairs:
        if value:
            show.out().print(Text(f"  {key:<12}", style="dim") + Text(value), highlight=False)


def _print_scores(card: ModelCard) -> None:
    if not card.scores:
        return
    show.out().print("\n  measured (95 % interval)", style="bold")
    sets = dict.fromkeys((s.dataset, s.split, s.note) for s in card.scores)
    for dataset, split, note in sets:
        rows = [s for s in card.scores if (s.dataset, s.split, s.note) == (dataset, split, note)]
        figures = ", ".join(f"{s.metric} {s.value:.3f} ({s.low:.3f}–{s.high:.3f})" for s in rows)
        aside = f" [{note}]" if note else ""
        what = "songs and sounds" if rows[0].metric == "auroc" else "songs"
        line = f"    {dataset} {split}, {rows[0].n} {what}{aside}: {figures}"
        show.out().print(Text(line), highlight=False)


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
