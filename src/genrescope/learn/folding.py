"""From a network that others trained for tags to a model file for genres.

musicnn's weights are read as they are; only a linear head on its embedding is fitted here, on
training songs of real audio whose genre is known. Its penalty is chosen on their validation
songs, and scores are measured on test songs, by artists never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrescope.classification import taxonomies
from genrescope.classification.calibrate import apply_temperature
from genrescope.learn import datasets
from genrescope.learn.embeddings import DATASET, load_embeddings
from genrescope.learn.evaluation import REAL_AUDIO, song_logits
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.fold_recipe import FoldRecipe
from genrescope.learn.head import Head, choose_head
from genrescope.learn.metrics import KEPT_METRICS, measure
from genrescope.learn.scaling import fit_temperature
from genrescope.learn.splits import check_leaks, withhold_judged
from genrescope.types import FloatArray, Score, TrainingError, refuse


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
