"""``genrescope train``: from a recipe, or from one's own songs, to a model file."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.steps import Steps
from genrescope.types import MissingExtraError

if TYPE_CHECKING:
    from genrescope.learn.training import Progress as Step

EPILOG = """Examples:

`genrescope train --data ~/Music/by_genre`

`genrescope train --data ~/Music --labels-from tag --taxonomy genres16`

`genrescope train recipes/mobilenetv3_mel.toml`"""


def train_command(
    recipe: Annotated[Path | None, typer.Argument(metavar="[RECIPE.toml]")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own music: a folder whose sub-folders are genres, or a CSV "
            "path,label,artist. With a recipe: the collections, else $GENRESCOPE_DATA."
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option(help="Folder for checkpoints, logs and drawn spectrograms.")
    ] = Path("runs"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the file.")] = Path(),
    stop_after: Annotated[int | None, typer.Option(help="Stop after so many steps.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Own music: name of the model; else the folder's.")
    ] = None,
    init: Annotated[
        str, typer.Option(help="Own music: the model to begin from, or none.")
    ] = "mobilenetv3_mel",
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Own music: only the last layer learns.")
    ] = False,
    labels_from: Annotated[
        str | None,
        typer.Option(help="Own music: labels from folder, tag, csv or name-pattern."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="Own music: how names are built, e.g. '{artist} - {title} [{label}]'."),
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(help="Own music: labels of this taxonomy only; own: as found.")
    ] = "own",
    skip_small: Annotated[
        bool, typer.Option("--skip-small", help="Own music: leave out genres of too few songs.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Own music: so many steps; else by its size.")
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Own music: do not ask whether the labels are right."),
    ] = False,
) -> None:
    """Train a network on your own music, or by a recipe, and write it as one model file.

    With `--data` alone: draws your songs once, splits them by artist, trains a shipped network
    further on them, and writes a model file, a page on how good it is, and the same as JSON. What
    was taken for which genre is shown first. Without a terminal to ask in, `--yes` is needed.

    Beside a run's log lies `curves.html`: loss, validation and learning rate by step, drawn anew at
    every checkpoint.

    What was stopped goes on at its last checkpoint when the same command is given again.
    """
    if recipe is None and data is None:
        raise typer.BadParameter("name a recipe, or your own music with --data")
    if recipe is not None and not recipe.is_dir():
        _check_trainable()
        train_by_recipe(recipe, runs, data, output, stop_after)
        return
    if recipe is not None or data is None:
        raise typer.BadParameter(f"{recipe} is a folder: train on your own music with --data")
    _check_trainable()
    from genrescope.apps.cli.train_own import Order, train_own

    order = Order(
        data, labels_from, pattern, taxonomy, skip_small, name, init, freeze, steps, yes, stop_after
    )
    train_own(order, runs, output)


def _check_trainable() -> None:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
        raise MissingExtraError("training", "train")


def train_by_recipe(
    recipe: Path, runs: Path, data: Path | None, output: Path, stop_after: int | None
) -> None:
    """Do what a recipe says, and show how it goes."""
    from genrescope.learn import workshop
    from genrescope.learn.curves import CURVES
    from genrescope.learn.fold_recipe import is_fold
    from genrescope.learn.folded import make_folded

    if is_fold(recipe):
        model = make_folded(recipe, output, data)
        show.out().print(f"wrote {model.path} ({model.size_bytes:,} bytes)", highlight=False)
        return
    bench = workshop.prepare(recipe, runs, data, show.remark)
    show.remark(f"{bench.describe()}; checkpoints in {bench.run.folder}")
    with Steps() as steps:
        row = steps.add("", bench.recipe.steps, bench.run.step)

        def tell(step: Step) -> None:
            steps.learn(row, step)

        bench.train(tell, stop_after)
    show.remark(f"how it learned: {bench.run.folder / CURVES}")
    if not bench.finished:
        show.remark(
            f"stopped at step {bench.run.step} of {bench.recipe.steps}; run it again to go on"
        )
        return
    model = bench.finish(output)
    show.out().print(f"wrote {model.path} ({model.size_bytes:,} bytes)", highlight=False)
