"""``genrescope import``: other people's weights become a model file."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.checking import draw_for_check
from genrescope.types import MissingExtraError

if TYPE_CHECKING:
    from genrescope.learn.importing.importer import Draft
    from genrescope.learn.importing.matching import Matching

EPILOG = """Examples:

`genrescope import save.pt --network vgg19_bn --labels ccmusic_music_genre --recipe ccmusic_mel`

`genrescope import mine.safetensors --network resnet50 --labels labels.txt --recipe mine.toml`"""

SHOWN = 10
COLOURS = {"missing": "red", "wrong shape": "red", "unexpected": "yellow"}


def import_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Weights: .pt, .safetensors.")],
    network: Annotated[str, typer.Option(help="As torchvision calls it, e.g. vgg19_bn.")],
    recipe: Annotated[
        str, typer.Option(help="What it was shown: a TOML file, or ccmusic_mel, ccmusic_cqt.")
    ],
    labels: Annotated[
        str, typer.Option(help="In the order of the outputs: a file, a comma list, or a name.")
    ] = "",
    name: Annotated[str, typer.Option(help="Of the model; else NETWORK_KIND.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the file.")] = Path(),
    licence: Annotated[str, typer.Option(help="Of the weights, for the card.")] = "",
    part: Annotated[str, typer.Option(help="Which weights, where a file has several.")] = "",
    activation: Annotated[
        str | None, typer.Option(help="What lies between the head's linear layers, e.g. relu.")
    ] = None,
    allow_missing: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Weights of the network that may be missing."),
    ] = None,
    allow_unexpected: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Weights of the file that may stay unused."),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Store a quarter of the bytes.")] = False,
    sound: Annotated[Path | None, typer.Option(help="Compare logits on this sound.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Let the file's pickle run what it wants to.")
    ] = False,
) -> None:
    """Make a model file of weights that others trained.

    Shows what became of every tensor, and writes nothing where the head or more than 1 % of the
    weights did not match. The labels' order is given or found in the file, never guessed. What
    was written is run, and its logits are compared with PyTorch's.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
        raise MissingExtraError("importing weights", "train")
    from genrescope.learn.importing import heads, importer
    from genrescope.learn.importing import recipe as recipes
    from genrescope.learn.importing.labels import parse_labels

    if activation is not None and activation not in heads.ACTIVATIONS:
        raise typer.BadParameter(f"--activation is one of {', '.join(sorted(heads.ACTIVATIONS))}")
    shown = recipes.load(recipe)
    given = parse_labels(labels) if labels else ()
    called = name or f"{network}_{shown.spectrogram.kind}"
    if re.fullmatch(r"\w[\w.-]{0,99}", called) is None:
        raise typer.BadParameter(f"--name {called!r} cannot name a file")
    if trust:
        _say_what_runs(source)
    draft = importer.draft(
        importer.Order(source, network, shown, given, called, licence, part, activation, trust)
    )
    _show_draft(draft)
    draft.check(tuple(allow_missing or ()), tuple(allow_unexpected or ()))
    _write(draft, output, int8, sound)


def _say_what_runs(source: Path) -> None:
    from genrescope.learn.importing.pickles import wanted_globals

    wanted = wanted_globals(source)
    if wanted:
        show.remark(f"trusted, so its pickle calls {', '.join(wanted)}")


def _show_draft(draft: Draft) -> None:
    checkpoint, renamed = draft.checkpoint, draft.renamed
    inside = f", {checkpoint.part!r} of it" if checkpoint.part else ""
    named = f"names as in {renamed.naming}"
    prefix = f", prefix {renamed.prefix!r} taken off" if renamed.prefix else ""
    show.out().print(
        Text(checkpoint.path.name, style="bold")
        + Text(f"  {checkpoint.kind}{inside}; {named}{prefix}", style="dim"),
        highlight=False,
    )
    if checkpoint.others:
        show.remark(f"it also holds {', '.join(checkpoint.others)}; --part takes another")
    if checkpoint.labels and checkpoint.labels != draft.labels:
        show.remark(f"its own labels, replaced by yours: {', '.join(checkpoint.labels)}")
    _show_matching(draft.matching)
    width, count = _head_width(draft), len(draft.labels)
    source = "found in the file" if draft.labels == checkpoint.labels else "given"
    show.out().print(f"  head: {width} logits; {count} labels, {source}\n", highlight=False)


def _head_width(draft: Draft) -> int:
    from genrescope.learn.importing.heads import width

    return width(draft.network.get_submodule(draft.matching.place))


def _show_matching(matching: Matching) -> None:
    from genrescope.learn.importing.matching import STATES

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    table.add_column("")
    for column in ("tensors", "in the head", "values", "share"):
        table.add_column(column, justify="right")
    total = sum(fate.values for fate in matching.fates if fate.state != "unexpected")
    for state in STATES:
        fates, values = matching.of(state), matching.values(state)
        share = "" if state == "unexpected" else f"{values / max(total, 1):.2%}"
        heads = sum(matching.in_head(fate) for fate in fates)
        style = COLOURS.get(state, "") if fates else ""
        cells = (str(len(fates)), str(heads), f"{values:,}", share)
        table.add_row(Text(f"  {state}", style=style), *cells)
    show.out().print(table)
    for state in STATES[1:]:
        _show_fates(matching, state)


def _show_fates(matching: Matching, state: str) -> None:
    fates = [fate for fate in matching.fates if fate.state == state]
    shown = fates if state == "wrong shape" else fates[:SHOWN]
    for fate in shown:
        line = Text(f"  {state:<11} ", style=COLOURS.get(state, "dim"))
        if state == "renamed":
            line.append(f"{fate.source} → {fate.name}")
        elif state == "wrong shape":
            line.append(f"{fate.source} {_size(fate.source_shape)}, wanted {_size(fate.shape)}")
        else:
            line.append(f"{fate.source or fate.name} {_size(fate.source_shape or fate.shape)}")
        show.out().print(line, highlight=False)
    if len(fates) > len(shown):
        show.out().print(f"  {'':<11} and {len(fates) - len(shown)} more", style="dim")


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"


def _write(draft: Draft, output: Path, int8: bool, sound: Path | None) -> None:
    from genrescope.models.engines import open_engine

    pictures, of_what = draw_for_check(draft.card(), sound)
    draft.check_module(pictures)
    model = draft.write(output, int8=int8)
    engine = open_engine(model)
    apart = draft.difference(engine, pictures)
    show.out().print(f"wrote {model.path} ({model.size_bytes:,} bytes)", highlight=False)
    reach = float(abs(draft.logits(pictures)).max())
    show.out().print(
        f"  logits on {of_what}: at most {apart:.2g} from PyTorch's, whose largest is {reach:.3g} "
        f"({engine.name}, {engine.precision})",
        highlight=False,
    )
    if model.cam_shape is None:
        show.remark("this head has no exact activation map, so the file gives none")
    if not draft.order.licence:
        show.remark("the card says that no licence was stated; --licence states it")
