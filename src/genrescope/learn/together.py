"""What several models say together, measured on the same songs as each of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrescope.classification.classifier import Model, load_models
from genrescope.learn import datasets
from genrescope.learn.evaluation import check_recipe, judged_sets
from genrescope.learn.judging import Beliefs, beliefs, load_judges, report
from genrescope.types import FloatArray, Report, TrainingError, refuse

LEAST = 2


def judge_together(
    names: Sequence[str], folder: Path | None = None, cache: Path | None = None
) -> list[Report]:
    """Reports of the mean of several models' probabilities, as a `Comparison` holds it.

    Parameters
    ----------
    names : sequence of str
        Of at least two model files with the same labels; mel and constant-Q models may mix.
    folder : Path, optional
        Of the collections.
    cache : Path, optional
        For translated pictures.

    Returns
    -------
    list of Report
        On real audio, then on GTZAN's and on ece324's test; translated where one of the models
        looked at translated pictures.

    Raises
    ------
    TrainingError
        If there are fewer than two, they know different labels, or one of them looks at other
        spectrograms than the collections hold.
    """
    refuse(len(set(names)) < LEAST, "models say something together from two on", TrainingError)
    models = load_models(list(dict.fromkeys(names)))
    labels = models[0].card.labels
    for model in models:
        check_recipe(model.card)
        refuse(
            model.card.labels != labels,
            f"{model.card.name} and {models[0].card.name} know different labels, or in another "
            "order: what they say cannot be averaged",
            TrainingError,
        )
    found = [_believed(model, folder or datasets.data_folder(), cache) for model in models]
    title = " + ".join(model.card.name for model in models)
    return [
        report(title, labels, dataset, "test", _mean([each[dataset] for each in found]))
        for dataset in found[0]
    ]


def _believed(model: Model, folder: Path, cache: Path | None) -> dict[str, Beliefs]:
    collections = load_judges(model.card.spectrogram.kind, folder, cache)
    return {name: beliefs(model, parts, "test") for name, parts in judged_sets(collections).items()}


def _mean(believed: Sequence[Beliefs]) -> Beliefs:
    first = believed[0]
    for other in believed:
        if not np.array_equal(other.truth, first.truth) or other.digest != first.digest:
            raise TrainingError("the models were not shown the same songs")
    stacked = np.stack([one.probabilities for one in believed])
    mean: FloatArray = stacked.mean(axis=0, dtype=np.float64).astype(np.float32)
    translated = any(one.translated for one in believed)
    return Beliefs(mean, first.truth, first.digest, first.songs, translated)
