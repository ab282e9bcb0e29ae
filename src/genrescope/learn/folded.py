"""From a recipe for another's network to a model file: `make_folded`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genrescope.audio import listen
from genrescope.classification.drawing import draw_spans
from genrescope.classification.looking import Model, look
from genrescope.learn import datasets
from genrescope.learn.fold_recipe import HEARD_MEL, MUSICNN_PICTURE, FoldRecipe, read_fold_recipe
from genrescope.learn.folding import Fold, fit_fold, score_fold
from genrescope.models import ModelFile, save_model
from genrescope.models.engines import open_engine
from genrescope.models.weights import store_weights_int8
from genrescope.types import ModelCard, TrainingError, TrainingSource, refuse

if TYPE_CHECKING:
    import onnx

VARIABLES_FILE = "musicnn/msd_musicnn.npz"
LICENCE_FILE = "musicnn/LICENSE.md"
CLIPS = "clips"
LICENCE = (
    "ISC for the network: (c) Music Technology Group, Universitat Pompeu Fabra 2019, developed by "
    "Jordi Pons; the text is in LICENSE-musicnn.md beside the file and inside it. Apache-2.0 for "
    "the head; what it learned from stands under its own terms"
)
PRETRAINED = (
    "musicnn by Pons and Serra (2019), trained by them to tag the Million Song Dataset; only the "
    "head from its embedding to the sixteen genres was trained here"
)
WARNINGS = (
    "recordings of before 2011, of the test songs too, may have been among the Million Song "
    "Dataset's that the network was trained on",
    "measured on audio_pairs only: gtzan and ece324 are there as spectrograms of another recipe",
    "levels count here: the head learned from stereo 3 dB above the mean of its channels, which "
    "the recipe makes up for; of mono it hears too much by as much",
    "nothing tells rain from music here: there was no sound without music to fit a gauge to",
)


def make_folded(path: Path, output: Path, folder: Path | None = None) -> ModelFile:
    """From a recipe to a model file: fit, measure, export, write.

    Parameters
    ----------
    path : Path
        Of the recipe.
    output : Path
        Folder for ``NAME.onnx``.
    folder : Path, optional
        Of the collections.

    Returns
    -------
    ModelFile

    Raises
    ------
    TrainingError
        If something that the recipe needs is not there.
    """
    recipe, folder = read_fold_recipe(path), folder or datasets.data_folder()
    fold = fit_fold(recipe, folder)
    whole = _graph(fold, folder)
    stored = store_weights_int8(whole)
    card = _card(recipe, fold)
    licence = folder / LICENCE_FILE
    refuse(not licence.is_file(), f"{licence} is not there, and must travel", TrainingError)
    for graph in (whole, stored):
        graph.doc_string = licence.read_text(encoding="utf-8")
    target = output / f"{recipe.name}.onnx"
    float32 = save_model(whole, card, target.with_name(f".{target.stem}-float32.onnx"))
    try:
        int8 = save_model(stored, card, target)
        card = replace(card, weights=_loss_of_int8(float32, int8, folder / CLIPS))
    finally:
        float32.path.unlink()
    return save_model(stored, card, target)


def _graph(fold: Fold, folder: Path) -> onnx.ModelProto:
    import torch

    from genrescope.learn.export import trace_graph
    from genrescope.learn.networks.musicnn import Folded, load_variables

    network = load_variables(datasets.read_arrays(folder, VARIABLES_FILE))
    folded = Folded(network, fold.head.weights, fold.head.offsets).eval()
    sample = torch.zeros(2, 1, MUSICNN_PICTURE.height, MUSICNN_PICTURE.width)
    return trace_graph(folded, sample, ("logits",))


def _card(recipe: FoldRecipe, fold: Fold) -> ModelCard:
    from genrescope.learn.networks.musicnn import PAPER

    taught = fold.excerpts.split("train")
    return ModelCard(
        name=recipe.name,
        network=recipe.network,
        spectrogram=HEARD_MEL,
        picture=MUSICNN_PICTURE,
        labels=fold.labels,
        taxonomy=recipe.taxonomy,
        temperature=fold.temperature,
        training=(
            TrainingSource(taught.dataset, taught.terms, "the head, train split", len(taught)),
        ),
        training_digest=hashlib.sha256(taught.digest.encode()).hexdigest(),
        scores=score_fold(fold),
        licence=LICENCE,
        paper=PAPER,
        description=recipe.description,
        held_out="from the head: every artist of the valid and test splits of audio_pairs",
        warnings=WARNINGS,
        pretrained=PRETRAINED,
    )


def _loss_of_int8(before: ModelFile, after: ModelFile, clips: Path) -> str:
    """What int8 changed on recordings, where some are at hand."""
    found = sorted(p for p in clips.glob("*") if p.suffix not in (".csv", ".md"))
    if not found:
        return "int8 per output channel; what that changed was not measured"
    models = [Model(file.card, open_engine(file)) for file in (before, after)]
    changes, same = [], 0
    for clip in found:
        with listen(clip) as recording:
            spans = [drawn.windows() for drawn in draw_spans(recording, [HEARD_MEL])]
        first, second = (np.concatenate([look(m, span) for span in spans]) for m in models)
        changes.append(float(np.abs(first - second).mean()))
        same += int(first.mean(axis=0).argmax() == second.mean(axis=0).argmax())
    return (
        f"int8 per output channel; against float32 on {len(found)} clips the first choice stays "
        f"in {same}, logits move by {np.mean(changes):.3f} on average"
    )
