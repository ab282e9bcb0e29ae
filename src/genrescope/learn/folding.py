"""From a network that others trained for tags to a model file for genres.

musicnn's weights are read as they are; only a linear head on its embedding is fitted here, on
training songs of real audio whose genre is known. Its penalty is chosen on their validation
songs, and scores are measured on test songs, by artists never seen.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrescope.audio import listen
from genrescope.classification import taxonomies
from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.drawing import draw_spans
from genrescope.classification.looking import Model, look
from genrescope.learn import datasets
from genrescope.learn.embeddings import DATASET, load_embeddings
from genrescope.learn.evaluation import REAL_AUDIO, song_logits
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.head import Head, choose_head
from genrescope.learn.metrics import KEPT_METRICS, measure
from genrescope.learn.scaling import fit_temperature
from genrescope.learn.splits import check_leaks, withhold_judged
from genrescope.models import ModelFile, save_model
from genrescope.models.engines import open_engine
from genrescope.models.weights import store_weights_int8
from genrescope.types import (
    FloatArray,
    ModelCard,
    PictureSpec,
    Score,
    SpectrogramSpec,
    TrainingError,
    TrainingSource,
    refuse,
)

if TYPE_CHECKING:
    import onnx

NETWORK = "musicnn"
MUSICNN_MEL = SpectrogramSpec(
    "mel",
    16000,
    96,
    256,
    512,
    0.0,
    8000.0,
    window_seconds=187 * 256 / 16000,
    compression="log10",
    log_gain=1e4,
    log_ceiling=8.0,
)
"""What musicnn looks at: 187 frames, three seconds, of log10(10000 x + 1)."""

HEARD_MEL = replace(MUSICNN_MEL, log_gain=2e4)
"""The same for the mean of two channels, as this program mixes them.

The stored embeddings come from FFmpeg's mixture, which keeps 0.707 of each channel and so lies
3 dB above the mean where both carry the same: twice the power. On the stereo clips at hand the
network then gives the stored embeddings again, and half as far from them without it.
"""

MUSICNN_PICTURE = PictureSpec(96, 187, 1, (0.0,), (1 / 8,))
"""The window as it is: every band and frame a pixel, values in [0, 8] again."""

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


@dataclass(frozen=True, slots=True)
class FoldRecipe:
    """Everything that folding depends on, but the data.

    Attributes
    ----------
    name, network, taxonomy, description : str
        `network` is ``musicnn``.
    penalties : tuple of float
        Candidates; see `genrescope.learn.head`.
    crowding : float
        A genre of n excerpts weighs n to this power.
    """

    name: str
    network: str
    taxonomy: str
    penalties: tuple[float, ...]
    crowding: float = 0.5
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A head with what it was fitted to.

    Attributes
    ----------
    excerpts : Excerpts
        Every excerpt of real audio that has an embedding.
    embedding : ndarray of float32, shape (n, 200)
        In the excerpts' order.
    labels : tuple of str
    head : Head
    temperature : float
        Fitted on validation songs.
    """

    excerpts: Excerpts
    embedding: FloatArray
    labels: tuple[str, ...]
    head: Head
    temperature: float


def is_fold(path: Path) -> bool:
    """Whether a recipe folds another's network rather than trains one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("network") == NETWORK
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def read_fold_recipe(path: Path) -> FoldRecipe:
    """Read a recipe.

    Raises
    ------
    TrainingError
        If it cannot be read, lacks something, or has a word that means nothing.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(set(table) - {field.name for field in fields(FoldRecipe)})
        refuse(bool(unknown), f"{path}: the recipe knows no {', '.join(unknown)}", TrainingError)
        table["penalties"] = tuple(float(penalty) for penalty in table["penalties"])
        return FoldRecipe(**table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"{path}: not a recipe: {error}") from error
    except (TypeError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: {error}") from error


def fit_fold(recipe: FoldRecipe, folder: Path) -> Fold:
    """Fit the head and its temperature.

    Parameters
    ----------
    recipe : FoldRecipe
    folder : Path
        Of the collections.

    Returns
    -------
    Fold

    Raises
    ------
    TrainingError
        If the collections are not there, or a song stands in train and in test.
    """
    labels = taxonomies.load(recipe.taxonomy).labels
    collections = withhold_judged([datasets.load(name).load(folder) for name in REAL_AUDIO])
    check_leaks(collections)
    excerpts = next(one for one in collections if one.dataset == DATASET)
    embedding = load_embeddings(folder).embedding
    taught, judged = (_labelled(excerpts, embedding, labels, s) for s in ("train", "valid"))
    head = choose_head(taught, judged, len(labels), recipe.penalties, recipe.crowding)
    pooled = _songs(excerpts, head.logits(embedding), labels, "valid")
    return Fold(excerpts, embedding, labels, head, fit_temperature([pooled]))


def _labelled(
    excerpts: Excerpts, embedding: FloatArray, labels: tuple[str, ...], split: str
) -> tuple[FloatArray, NDArray[np.int64]]:
    keep = _in_split(excerpts, split)
    unknown = {excerpts.genres[i] for i in keep} - set(labels)
    refuse(bool(unknown), f"no label for {', '.join(sorted(unknown))}", TrainingError)
    truth = np.array([labels.index(excerpts.genres[i]) for i in keep], dtype=np.int64)
    return embedding[keep], truth


def _in_split(excerpts: Excerpts, split: str) -> NDArray[np.int64]:
    pairs = zip(excerpts.splits, excerpts.genres, strict=True)
    return np.flatnonzero([own == split and bool(genre) for own, genre in pairs])


def _songs(
    excerpts: Excerpts, logits: FloatArray, labels: tuple[str, ...], split: str
) -> tuple[FloatArray, NDArray[np.int64]]:
    return song_logits(logits[_in_split(excerpts, split)], excerpts.split(split), labels)


def score_fold(fold: Fold, split: str = "test") -> tuple[Score, ...]:
    """The head's figures on one split, by song, from the embeddings as they were stored.

    Parameters
    ----------
    fold : Fold
    split : str

    Returns
    -------
    tuple of Score
    """
    logits, truth = _songs(fold.excerpts, fold.head.logits(fold.embedding), fold.labels, split)
    note = "from stored embeddings of the float32 network"
    measured = measure(apply_temperature(logits, fold.temperature), truth, DATASET, split, note)
    return tuple(score for score in measured if score.metric in KEPT_METRICS)


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
