"""``genrescope train``: from a recipe to a model file."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from genrescope.apps.cli import show
from genrescope.types import MissingExtraError

if TYPE_CHECKING:
    from genrescope.learn.training import Progress as Step


def train_command(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the collections; else $GENRESCOPE_DATA.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder for checkpoints and logs.")] = Path("runs"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the file.")] = Path(),
    stop_after: Annotated[int | None, typer.Option(help="Stop after so many steps.")] = None,
) -> None:
    """Train a network by a recipe, and write it as one model file with its card.

    A run that was stopped goes on at its last checkpoint when the same command is given again.

    Example: `genrescope train recipes/mobilenetv3_mel.toml`
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
        raise MissingExtraError("training", "train")
    from genrescope.learn import folding, workshop

    if folding.is_fold(recipe):
        model = folding.make_folded(recipe, output, data)
        show.out().print(f"wrote {model.path} ({model.size_bytes:,} bytes)", highlight=False)
        return
    bench = workshop.prepare(recipe, runs, data)
    show.remark(f"{bench.describe()}; checkpoints in {bench.run.folder}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=show.err()) as progress:
        task = progress.add_task("", total=bench.recipe.steps, completed=bench.run.step)

        def tell(step: Step) -> None:
            text = f"loss {step.loss:.3f} at {step.pixels} px"
            progress.update(task, completed=step.step, description=text)
            if step.valid:
                figures = ", ".join(f"{name} {value:.3f}" for name, value in step.valid.items())
                progress.console.print(f"step {step.step}: {figures}", highlight=False)

        bench.train(tell, stop_after)
    if not bench.finished:
        show.remark(
            f"stopped at step {bench.run.step} of {bench.recipe.steps}; run it again to go on"
        )
        return
    model = bench.finish(output)
    show.out().print(f"wrote {model.path} ({model.size_bytes:,} bytes)", highlight=False)
