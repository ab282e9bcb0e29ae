"""From one's own songs to a model file and a report of how good it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from genrescope.learn import networks
from genrescope.learn.finishing import finish_model
from genrescope.learn.own.begin import NOTHING, begin, find_start, shared_labels
from genrescope.learn.own.collection import DATASET, TERMS, Collection
from genrescope.learn.own.plan import Start, plan
from genrescope.learn.recipe import Recipe, identify
from genrescope.learn.training import Progress, Run
from genrescope.learn.watching import validator
from genrescope.models import ModelFile
from genrescope.types import ModelCard, Report, TrainingError, TrainingSource, refuse

THIN_TEST = 30
"""Figures on fewer songs are called rough."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for.

    Attributes
    ----------
    name : str
        Of the model.
    init : str
        Name of the model to begin from, or ``none``.
    freeze : bool
        Whether only the head learns.
    taxonomy : str
        Name of the taxonomy that the labels belong to, or "".
    steps : int, optional
        Instead of what the number of songs suggests.
    """

    name: str
    init: str
    freeze: bool = False
    taxonomy: str = ""
    steps: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One's own collection with the run that learns from it."""

    wish: Wish
    collection: Collection
    labels: tuple[str, ...]
    start: Start
    recipe: Recipe
    run: Run
    kept_rows: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.run.step >= self.recipe.steps

    def describe(self) -> str:
        """One line on what is about to happen."""
        count = self.collection.splits.count("train")
        where = f"{self.wish.init}" if self.start.card else "nothing"
        text = f"{self.recipe.network} from {where}: {self.recipe.steps} steps on {count} songs"
        if self.run.step:
            text += f", going on at step {self.run.step}"
        return text

    def train(self, tell: Callable[[Progress], None], stop_after: int | None = None) -> None:
        """Go on to the end, or for so many steps."""
        excerpts = [self.collection.excerpts]
        frames = self.start.spectrogram.frames
        self.run.go(tell, validator(self.recipe, excerpts, self.labels, frames), stop_after)

    def finish(self, folder: Path) -> tuple[ModelFile, Report]:
        """Calibrate, measure and write ``NAME.onnx`` into `folder`."""
        excerpts = [self.collection.excerpts]
        model, reports = finish_model(self.run, self._card(), excerpts, folder)
        return model, reports[0]

    def _card(self) -> ModelCard:
        before = self.start.card
        taught = self.collection.excerpts.split("train")
        count = self.collection.splits.count("train")
        split = f"train split, {count} songs; {self.collection.how_split()}"
        own = TrainingSource(DATASET, TERMS, split, len(taught))
        return ModelCard(
            name=self.wish.name,
            network=self.recipe.network,
            spectrogram=self.start.spectrogram,
            picture=self.start.picture,
            labels=self.labels,
            taxonomy=self.wish.taxonomy,
            training=(*(before.training if before else ()), own),
            training_digest=taught.digest,
            licence=_licence(before),
            paper=networks.load(self.recipe.network).PAPER,
            description=_description(self.recipe, before, count),
            held_out=f"of {DATASET}: valid and test splits; {self.collection.how_split()}",
            warnings=_warnings(self.collection, self.labels),
        )


def prepare(wish: Wish, collection: Collection, labels: Sequence[str], runs: Path) -> Bench:
    """Take the weights to begin from, and begin or take up the run.

    Parameters
    ----------
    wish : Wish
    collection : Collection
        Drawn for the recipe of the network that training begins from.
    labels : sequence of str
    runs : Path
        Folder for checkpoints; a run's own folder is named after all that it depends on.

    Raises
    ------
    TrainingError
        If the network cannot be trained further.
    ModelError
        If there is no such model.
    """
    frozen = wish.freeze and wish.init == NOTHING
    refuse(frozen, "--freeze needs a trained network to begin from, not none", TrainingError)
    start, model = find_start(wish.init)
    excerpts, labels = collection.excerpts, tuple(labels)
    count = collection.splits.count("train")
    recipe = plan(wish.name, start, count, freeze=wish.freeze, steps=wish.steps)
    digest = "" if model is None else model.sha256
    taught = (excerpts.digest, excerpts.sound_digest)
    key = "\n".join([identify(recipe), digest, *taught, *excerpts.splits, *labels])
    folder = runs / "own" / f"{wish.name}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    weights = None if model is None else begin(model, labels, excerpts, recipe.seed)
    run = Run(recipe, [excerpts], labels, start.spectrogram, folder, weights)
    kept = () if model is None else shared_labels(model, labels)
    return Bench(wish, collection, labels, start, recipe, run, kept)


def _description(recipe: Recipe, before: ModelCard | None, songs: int) -> str:
    network = recipe.network
    if before is None:
        return f"{network}, trained from nothing on {songs} songs of a person's own."
    part = "its head" if recipe.stages[-1].part == "head" else "the network"
    return f"{before.name} ({network}), {part} trained further on {songs} songs of a person's own."


def _licence(before: ModelCard | None) -> str:
    if before is None:
        return "yours to choose; what the weights learned from stands under its own terms"
    return f"begun from {before.name}: {before.licence or 'licence not stated'}"


def _warnings(collection: Collection, labels: Sequence[str]) -> tuple[str, ...]:
    counts = collection.counts()
    warnings = [f"knows {len(labels)} labels and gives every sound one of them, whatever it is"]
    untested = [label for label in labels if not counts[label]["test"]]
    if untested:
        warnings.append(f"not tested, for want of a second artist: {', '.join(untested)}")
    tested = collection.splits.count("test")
    if tested < THIN_TEST:
        warnings.append(f"measured on {tested} songs only: the figures are rough")
    if "valid" not in collection.splits:
        warnings.append("no songs to calibrate on: probabilities are as the network gives them")
    if collection.unknown_artists:
        warnings.append(
            f"artists of {collection.unknown_artists} songs are unknown; where one stands on both "
            "sides of the split, the figures flatter"
        )
    return tuple(warnings)
