"""The whole way from a recipe to a model file: data, run, calibration, scores, card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from genrescope.classification import taxonomies
from genrescope.classification.classifier import Model
from genrescope.learn import datasets, networks
from genrescope.learn.evaluation import excerpt_logits, song_logits
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.export import export_graph
from genrescope.learn.judging import engine_infer, judge, load_collections
from genrescope.learn.metrics import add_bands
from genrescope.learn.recipe import Recipe, read_recipe
from genrescope.learn.temperature import fit_temperature
from genrescope.learn.training import Progress, Run
from genrescope.learn.watching import validator
from genrescope.models.engines import open_engine
from genrescope.models.file import ModelFile, save_model
from genrescope.models.weights import store_weights_int8
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    ModelCard,
    Report,
    SpectrogramSpec,
    TrainingError,
    TrainingSource,
    refuse,
)

SPECTROGRAMS: dict[str, SpectrogramSpec] = {"mel": GENRESCOPE_MEL, "cqt": GENRESCOPE_CQT}
LICENCE = "Apache-2.0 for the weights; what they learned from stands under its own terms"
KEPT_METRICS = ("top1", "top3", "macro_f1", "macro_recall8", "ece")


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """A recipe with its data and its run.

    Attributes
    ----------
    recipe : Recipe
    collections : tuple of Excerpts
    labels : tuple of str
    run : Run
    """

    recipe: Recipe
    collections: tuple[Excerpts, ...]
    labels: tuple[str, ...]
    run: Run

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

        Scores are measured on the file as it is shipped, int8 weights and all; what int8 cost
        against float32 stands on the card.
        """
        card, path = self._card(), folder / f"{self.recipe.name}.onnx"
        graph = export_graph(self.run.averaged(), self.recipe.picture)
        whole = save_model(graph, card, self.run.folder / "float32.onnx")
        stored = store_weights_int8(graph)
        draft = save_model(stored, card, self.run.folder / "int8.onnx")
        card = replace(card, temperature=self._temperature(draft))
        draft = save_model(stored, card, draft.path)
        before = _judge(whole, self.collections)
        after = _judge(draft, self.collections)
        card = replace(
            card,
            scores=tuple(s for r in after for s in r.scores if s.metric in KEPT_METRICS),
            bands=add_bands(report.bands for report in after),
            weights=_loss_of_int8(before, after),
        )
        return save_model(stored, card, path)

    def _temperature(self, model: ModelFile) -> float:
        loaded = Model(model.card, open_engine(model))
        sets = []
        for excerpts in self.collections:
            part = excerpts.split("valid")
            if excerpts.dataset == "vietnamese" or not len(part):
                continue
            pictures = part.pictures(self.recipe.kind)
            logits = excerpt_logits(engine_infer(loaded), pictures, model.card.spectrogram.frames)
            sets.append(song_logits(logits, part, self.labels))
        return fit_temperature(sets)

    def _card(self) -> ModelCard:
        recipe = self.recipe
        taught = [e.split("train") for e in self.collections]
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
            description=recipe.description,
            held_out=(
                "gtzan: the fault-filtered test split; ece324 and audio_pairs: every artist of "
                "their valid and test splits, also where the artist stands in another collection"
            ),
            warnings=_warnings(taught, self.labels),
        )


def prepare(path: Path, runs: Path, data: Path | None = None) -> Workshop:
    """Read a recipe and its data, and begin or take up its run.

    Raises
    ------
    TrainingError
        If something that the recipe needs is not there.
    """
    recipe = read_recipe(path)
    refuse(recipe.kind not in SPECTROGRAMS, f"no recipe for {recipe.kind!r}", TrainingError)
    labels = taxonomies.load(recipe.taxonomy).labels
    folder = data or datasets.data_folder()
    collections = load_collections(recipe.data.sources, folder, recipe.kind, runs / "translated")
    initial = runs / recipe.init / "checkpoint.pt" if recipe.init else None
    refuse(
        initial is not None and not initial.is_file(),
        f"{recipe.name} begins from {recipe.init}: train that first (recipes/{recipe.init}.toml)",
        TrainingError,
    )
    spec = SPECTROGRAMS[recipe.kind]
    run = Run(recipe, collections, labels, spec, runs / recipe.name, initial)
    return Workshop(recipe, collections, labels, run)


def _judge(model: ModelFile, collections: tuple[Excerpts, ...]) -> list[Report]:
    judged = tuple(e for e in collections if e.dataset != "vietnamese")
    return judge(Model(model.card, open_engine(model)), judged, "test")


def _loss_of_int8(before: list[Report], after: list[Report]) -> str:
    changes = [
        f"{b.dataset} {100 * (a.score('top1').value - b.score('top1').value):+.1f}"
        for b, a in zip(before, after, strict=True)
    ]
    return f"int8 per output channel; top-1 against float32 in points: {', '.join(changes)}"


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
