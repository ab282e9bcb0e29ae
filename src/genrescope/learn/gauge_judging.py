"""How well a model's music gauge does, and putting a gauge onto a model file that has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrescope.classification.looking import Model, load_models
from genrescope.learn import datasets
from genrescope.learn.evaluation import REAL_AUDIO, TRANSLATED_NOTE, check_recipe, judged_sets
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.gauge_rows import (
    Feature,
    measure_rows,
    score_rows,
    split_pictures,
)
from genrescope.learn.gauging import Trial, fit_gauge
from genrescope.learn.metrics import auroc
from genrescope.learn.negatives import load_negatives
from genrescope.learn.splits import check_leaks, withhold_judged
from genrescope.models import ModelFile, find, renew_index
from genrescope.models.file import rewrite_card
from genrescope.types import ModelCard, Score, TrainingError

Values = NDArray[np.float64]

MEASURED: dict[str, Callable[[Values, Values], float]] = {
    "auroc": auroc,
    "music_kept": lambda music, _: float((music >= 0).mean()),
    "others_caught": lambda _, others: float((others < 0).mean()),
}
METRICS = tuple(MEASURED)
SAME_FORM = "music cut to 5 s and repeated, as the ambient clips are"
MUSIC = {"mel": (*REAL_AUDIO, "gtzan", "ece324", "vietnamese"), "cqt": REAL_AUDIO}
"""What teaches and judges a gauge: collections with real pictures of that kind."""


def measure_gauge(
    model: Model, collections: Sequence[Excerpts], negatives: Excerpts, split: str = "test"
) -> tuple[Score, ...]:
    """How well a model's gauge tells the music of one split from the ambient clips of it.

    Parameters
    ----------
    model : Model
        Whose card has a gauge.
    collections : sequence of Excerpts
        Music; a score a set, real audio being one set.
    negatives : Excerpts
    split : str

    Returns
    -------
    tuple of Score
        ``auroc``, ``music_kept`` (share of music at 0.5 or more) and ``others_caught`` (share of
        ambient sources below), and ``auroc`` once more with music in the form of the clips.
        Songs and source recordings count once each; intervals are bootstrapped over both.

    Raises
    ------
    TrainingError
        If the card has no gauge.
    """
    kind, gauge = model.card.spectrogram.kind, model.card.music
    if gauge is None:
        raise TrainingError(f"{model.card.name} has no music gauge: `genrescope models gauge` it")
    features: tuple[Feature, ...] = (gauge.feature,)
    others = _by_song(
        score_rows(gauge, measure_rows(model, split_pictures([negatives], split, kind), features)),
        [negatives],
        split,
    )
    found: list[Score] = []
    for name, parts in judged_sets(collections).items():
        pictures = split_pictures(parts, split, kind)
        if not pictures:
            continue
        translated = kind == "cqt" and any(part.cqt_translated for part in parts)
        note = TRANSLATED_NOTE if translated else ""
        music = _by_song(score_rows(gauge, measure_rows(model, pictures, features)), parts, split)
        found += _scores(music, others, f"{name} and {negatives.dataset}", split, note)
        same = measure_rows(model, split_pictures(parts, split, kind, same_form=True), features)
        form = "; ".join(filter(None, (SAME_FORM, note)))
        again = _by_song(score_rows(gauge, same), parts, split)
        found += _scores(again, others, f"{name} and {negatives.dataset}", split, form)[:1]
    return tuple(found)


def _by_song(scores: Values, parts: Sequence[Excerpts], split: str) -> Values:
    songs = [
        f"{part.dataset}\n{song}"
        for part in parts
        for song, own in zip(part.songs, part.splits, strict=True)
        if own == split
    ]
    _, place = np.unique(songs, return_inverse=True)
    means: Values = np.bincount(place, scores) / np.bincount(place)
    return means


def _scores(music: Values, others: Values, dataset: str, split: str, note: str) -> list[Score]:
    generator = np.random.default_rng(20240)
    draws = [
        (generator.choice(music, len(music)), generator.choice(others, len(others)))
        for _ in range(1000)
    ]
    scores = []
    for metric, of in MEASURED.items():
        value = of(music, others)
        low, high = np.percentile([of(m, o) for m, o in draws], (2.5, 97.5))
        count = len(music) + len(others)
        low, high = min(float(low), value), max(float(high), value)
        scores.append(Score(dataset, split, metric, value, low, high, count, note))
    return scores


def gauge_card(
    model: Model, collections: Sequence[Excerpts], negatives: Excerpts
) -> tuple[ModelCard, tuple[Trial, ...]]:
    """The model's card with a gauge and its scores, in place of those there were.

    Raises
    ------
    TrainingError
        As `genrescope.learn.gauging.fit_gauge`.
    """
    gauge, trials = fit_gauge(model, collections, negatives)
    card = replace(model.card, music=gauge)
    measured = measure_gauge(Model(card, model.engine), collections, negatives)
    kept = tuple(score for score in card.scores if score.metric not in METRICS)
    return replace(card, scores=(*kept, *measured)), trials


def gauge_file(
    name: str, output: Path | None = None, folder: Path | None = None
) -> tuple[ModelFile, tuple[Trial, ...]]:
    """Fit a gauge for a model file, and write it onto the file's card.

    Parameters
    ----------
    name : str
        Of a model file.
    output : Path, optional
        Folder for the new file; by default the file itself is replaced.
    folder : Path, optional
        Of the collections.

    Returns
    -------
    file : ModelFile
    trials : tuple of Trial
        What was tried, for people.

    Raises
    ------
    TrainingError
        If the collections are not there, or were not drawn by the model's recipe.
    ModelError
        If the model is not there, or the file cannot be written.
    """
    file, model = find(name), load_models([name])[0]
    check_recipe(model.card)
    folder = folder or datasets.data_folder()
    music = withhold_judged(
        [datasets.load(one).load(folder) for one in MUSIC[model.card.spectrogram.kind]]
    )
    check_leaks(music)
    card, trials = gauge_card(model, music, load_negatives(folder))
    path = output / file.path.name if output else file.path
    written = rewrite_card(file, card, path)
    renew_index(path)
    return written, trials
