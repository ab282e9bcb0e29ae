"""The whole way from a recipe to a model file: data, run, calibration, scores, card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genrescope.classification import taxonomies
from genrescope.classification.looking import Model, load_models
from genrescope.learn import datasets, negatives, networks
from genrescope.learn.checkpoints import load_checkpoint
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.finishing import STORED, finish_model
from genrescope.learn.gauge_judging import gauge_card
from genrescope.learn.loading import load_collections
from genrescope.learn.recipe import Recipe, read_recipe
from genrescope.learn.soft_labels import soften
from genrescope.learn.teaching import Teachers
from genrescope.learn.training import Progress, Run
from genrescope.learn.watching import validator
from genrescope.models.engines import open_engine
from genrescope.models.file import ModelFile, rewrite_card
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    ModelCard,
    SpectrogramSpec,
    TrainingError,
    TrainingSource,
    refuse,
)

HEARD = (
    " Part of what it learned from are soft labels by musicnn, which others trained on the Million "
    "Song Dataset: it owes something to that."
)
SPECTROGRAMS: dict[str, SpectrogramSpec] = {"mel": GENRESCOPE_MEL, "cqt": GENRESCOPE_CQT}
SOFT_LABELS = "musicnn_msd.toml"
LICENCE = "Apache-2.0 for the weights; what they learned from stands under its own terms"


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """A recipe with its data and its run.

    Attributes
    ----------
    recipe : Recipe
    collections : tuple of Excerpts
    labels : tuple of str
    run : Run
    negatives : Excerpts, optional
        Sounds that are no music; without them the card gets no music gauge.
    """

    recipe: Recipe
    collections: tuple[Excerpts, ...]
    labels: tuple[str, ...]
    run: Run
    negatives: Excerpts | None = None

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.run.step >= self.recipe.steps

    def describe(self) -> str:
        """One line on what is about to happen."""
        count = sum(len(e.split("train")) for e in self.collections)
        return (
            f"{self.recipe.name}: {self.recipe.network} on {count} excerpts, "
            f"step {self.run.step} of {self.recipe.steps}"
        )

    def train(self, tell: Callable[[Progress], None], stop_after: int | None = None) -> None:
        """Go on to the end, or for so many steps."""
        frames = SPECTROGRAMS[self.recipe.kind].frames
        validate = validator(self.recipe, self.collections, self.labels, frames)
        self.run.go(tell, validate, stop_after)

    def finish(self, folder: Path) -> ModelFile:
        """Calibrate, measure and write ``NAME.onnx`` into `folder`.

        Scores are measured on the file as it is shipped, int8 and all; what int8 cost against
        float32 stands on the card.
        """
        judged = tuple(e for e in self.collections if e.dataset != "vietnamese")
        model = finish_model(self.run, self._card(), judged, folder, static=True)[0]
        if self.negatives is None:
            return model
        loaded = Model(model.card, open_engine(model))
        card, _ = gauge_card(loaded, self.collections, self.negatives)
        return rewrite_card(model, card, model.path)

    def _card(self) -> ModelCard:
        recipe = self.recipe
        taught = [e.split("train") for e in self.collections]
        teachers = self.run.teachers
        by = f" Taught by labels and by {', '.join(teachers.names)}." if teachers else ""
        by += HEARD if recipe.teaching.soft_labels else ""
        digest = hashlib.sha256("\n".join(part.digest for part in taught).encode()).hexdigest()
        return ModelCard(
            name=recipe.name,
            network=recipe.network,
            spectrogram=SPECTROGRAMS[recipe.kind],
            picture=recipe.picture,
            labels=self.labels,
            taxonomy=recipe.taxonomy,
            training=tuple(_source(part, recipe.kind) for part in taught),
            training_digest=digest,
            licence=LICENCE,
            paper=networks.load(recipe.network).PAPER,
            description=recipe.description + by,
            held_out=(
                "gtzan: the fault-filtered test split; ece324 and audio_pairs: every artist of "
                "their valid and test splits, also where the artist stands in another collection"
            ),
            warnings=_warnings(taught, self.labels),
        )


def prepare(
    path: Path,
    runs: Path,
    data: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> Workshop:
    """Read a recipe and its data, and begin or take up its run.

    Parameters
    ----------
    path : Path
        Of the recipe.
    runs : Path
        Folder for checkpoints and logs.
    data : Path, optional
        Folder of the collections.
    tell : callable, optional
        Called with a line on recordings that were withheld from train, if any.

    Raises
    ------
    TrainingError
        If something that the recipe needs is not there.
    """
    recipe = read_recipe(path)
    refuse(recipe.kind not in SPECTROGRAMS, f"no recipe for {recipe.kind!r}", TrainingError)
    labels = taxonomies.load(recipe.taxonomy).labels
    folder = data or datasets.data_folder()
    cache = runs / "translated"
    collections = load_collections(recipe.data.sources, folder, recipe.kind, cache, tell)
    initial = runs / recipe.init / "checkpoint.pt" if recipe.init else None
    refuse(
        initial is not None and not initial.is_file(),
        f"{recipe.name} begins from {recipe.init}: train that first (recipes/{recipe.init}.toml)",
        TrainingError,
    )
    before = None if initial is None else load_checkpoint(initial)
    if before is not None:
        _check_finished(recipe.init, int(before["step"]), path.parent)
    spec = SPECTROGRAMS[recipe.kind]
    teachers = _teachers(recipe, labels, runs)
    weights = None if before is None else before["average"]
    heard = soften(path.parent / SOFT_LABELS, folder) if recipe.teaching.soft_labels else None
    run = Run(recipe, collections, labels, spec, runs / recipe.name, weights, teachers, heard)
    others = negatives.load_negatives(folder) if (folder / negatives.FILE).is_file() else None
    return Workshop(recipe, collections, labels, run, others)


def _check_finished(name: str, step: int, recipes: Path) -> None:
    """A run that was stopped is no beginning; one that is a file's weights is at step 0."""
    path = recipes / f"{name}.toml"
    steps = read_recipe(path).steps if path.is_file() else 0
    refuse(
        0 < step < steps,
        f"{name} stopped at step {step} of {steps}: go on with it first: genrescope train {path}",
        TrainingError,
    )


def _teachers(recipe: Recipe, labels: tuple[str, ...], runs: Path) -> Teachers | None:
    """The models that teach: what a run has made goes before an installed model of that name."""
    if not recipe.teaching.models:
        return None
    made = {name: runs / name / STORED for name in recipe.teaching.models}
    sources = [str(path) if path.is_file() else name for name, path in made.items()]
    return Teachers(load_models(sources), recipe.teaching.weight, labels, SPECTROGRAMS)


def _source(part: Excerpts, kind: str) -> TrainingSource:
    how = "train split"
    if kind == "cqt" and part.cqt_translated:
        how += ", constant-Q pictures translated from mel"
    return TrainingSource(part.dataset, part.terms, how, len(part))


def _warnings(taught: list[Excerpts], labels: tuple[str, ...]) -> tuple[str, ...]:
    real = [g for e in taught if e.dataset.startswith("audio_pairs") for g in e.genres]
    thin = [f"{label} ({real.count(label)})" for label in labels if real.count(label) < 20]
    return (
        "few real recordings taught these genres (excerpts): " + ", ".join(thin),
        "Hip-Hop and Rap overlap in the collections; read them together",
    )
