"""Measuring a model file on labelled spectrograms, through the engine that will run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.looking import Model, load_models, look
from genrescope.learn import datasets, negatives
from genrescope.learn.evaluation import (
    TRANSLATED_NOTE,
    Infer,
    check_recipe,
    excerpt_logits,
    judged_sets,
    song_logits,
    song_rows,
)
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.gauge_judging import measure_gauge
from genrescope.learn.loading import load_judges
from genrescope.learn.metrics import confusion, measure, measure_before
from genrescope.learn.reliability import reliability_bands, wilson
from genrescope.types import FloatArray, HardSong, ModelCard, Report, Score

HARDEST = 12
"""So many of the songs that were misjudged stand in a report."""


def engine_infer(model: Model) -> Infer:
    """The second half of the line, from windows in [0, 1] to logits."""

    def infer(windows: FloatArray) -> FloatArray:
        return look(model, windows)

    return infer


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """What a model believes of the songs of one split.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (songs, genres)
        Calibrated.
    truth : ndarray of int64, shape (songs,)
    digest : str
    songs : tuple of str
        What they are called.
    translated : bool
        Whether pictures were translated from mel.
    before : ndarray of float32, shape (songs, genres), optional
        The same before the temperature was applied; the biases of genres, which were fitted with
        it, are in the network and so in these, too.
    """

    probabilities: FloatArray
    truth: NDArray[np.int64]
    digest: str
    songs: tuple[str, ...]
    translated: bool = False
    before: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Testimony:
    """What one model believes of every test song, to report on alone or with others.

    Attributes
    ----------
    card : ModelCard
    believed : dict of str to Beliefs
        By the set that is judged: real audio, then GTZAN's and ece324's test.
    gauged : tuple of Score
        How well its gauge tells music from other sounds; empty where it has none.
    """

    card: ModelCard
    believed: dict[str, Beliefs]
    gauged: tuple[Score, ...] = ()

    def reports(self) -> list[Report]:
        """One a set, with the gauge's figures on the same music."""
        card = self.card
        plain = (report(card.name, card.labels, s, "test", b) for s, b in self.believed.items())
        return [_with_gauge(one, self.gauged) for one in plain]


def examine(
    name: str,
    folder: Path | None = None,
    cache: Path | None = None,
    on: Sequence[str] = (),
    tell: Callable[[str], None] | None = None,
) -> Testimony:
    """Let one model look at every test song, once.

    Parameters
    ----------
    name : str
        Of a model file.
    folder : Path, optional
        Of the collections.
    cache : Path, optional
        For translated pictures.
    on : sequence of str
        Only these test sets, of `genrescope.learn.loading.SETS`; all by default.
    tell : callable, optional
        Called with a line on recordings that were withheld from train, if any.

    Returns
    -------
    Testimony

    Raises
    ------
    TrainingError
        If it looks at other spectrograms than the collections hold, or there is no such set.
    """
    model = load_models([name])[0]
    check_recipe(model.card)
    folder = folder or datasets.data_folder()
    collections = load_judges(model.card.spectrogram.kind, folder, cache, on, tell)
    believed = believe(model, collections, "test")
    if model.card.music is None or not (folder / negatives.FILE).is_file():
        return Testimony(model.card, believed)
    told = measure_gauge(model, collections, negatives.load_negatives(folder))
    return Testimony(model.card, believed, tuple(told))


def _with_gauge(report: Report, told: Sequence[Score]) -> Report:
    """A report with the gauge's figures on the same music."""
    name = report.dataset.removesuffix(" (translated)")
    own = tuple(score for score in told if score.dataset.startswith(f"{name} and "))
    return replace(report, scores=(*report.scores, *own))


def judge(model: Model, collections: Sequence[Excerpts], split: str) -> list[Report]:
    """Reports on real audio together, then on every other collection by itself."""
    card = model.card
    return [
        report(card.name, card.labels, name, split, believed)
        for name, believed in believe(model, collections, split).items()
    ]


def believe(model: Model, collections: Sequence[Excerpts], split: str) -> dict[str, Beliefs]:
    """What a model believes of one split, by the set that is judged; empty ones are left out."""
    sets = judged_sets(collections)
    found = {name: beliefs(model, parts, split) for name, parts in sets.items()}
    return {name: believed for name, believed in found.items() if len(believed.truth)}


def beliefs(model: Model, collections: Sequence[Excerpts], split: str) -> Beliefs:
    """Let a model look at every song of one split of one or several collections."""
    logits, truth = split_logits(model, collections, split)
    parts = [part for part in (e.split(split) for e in collections) if len(part)]
    return Beliefs(
        apply_temperature(logits, model.card.temperature),
        truth,
        "+".join(part.digest[:16] for part in parts),
        tuple(song for part in parts for song, _ in song_rows(part)),
        model.card.spectrogram.kind == "cqt" and any(part.cqt_translated for part in parts),
        apply_temperature(logits, 1.0),
    )


def split_logits(
    model: Model, collections: Sequence[Excerpts], split: str
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Logits (songs, genres) and true labels (songs,) of one split of some collections."""
    card, kind = model.card, model.card.spectrogram.kind
    logits = [np.zeros((0, len(card.labels)), dtype=np.float32)]
    truth = [np.zeros(0, dtype=np.int64)]
    for part in (excerpts.split(split) for excerpts in collections):
        if len(part):
            rows = excerpt_logits(engine_infer(model), part.pictures(kind), card.spectrogram.frames)
            pooled, labels = song_logits(rows, part, card.labels)
            logits.append(pooled)
            truth.append(labels)
    return np.concatenate(logits), np.concatenate(truth)


def report(
    name: str, labels: tuple[str, ...], dataset: str, split: str, believed: Beliefs
) -> Report:
    """One report on what was believed of one split."""
    probabilities, true = believed.probabilities, believed.truth
    table = confusion(probabilities, true)
    songs = table.sum(axis=1)
    note = TRANSLATED_NOTE if believed.translated else ""
    scores = measure(probabilities, true, dataset, split, note)
    if believed.before is not None:
        scores = (*scores, measure_before(believed.before, true, dataset, split, note))
    return Report(
        model=name,
        dataset=f"{dataset} (translated)" if believed.translated else dataset,
        split=split,
        n=len(true),
        scores=scores,
        labels=labels,
        confusion=table,
        per_genre=tuple(
            (label, int(songs[i]), float(table[i, i] / songs[i]))
            for i, label in enumerate(labels)
            if songs[i]
        ),
        data_digest=believed.digest,
        bands=reliability_bands(probabilities, true, translated=believed.translated),
        hardest=_hardest(believed, labels),
    )


def _hardest(believed: Beliefs, labels: tuple[str, ...]) -> tuple[HardSong, ...]:
    true = believed.truth
    own = believed.probabilities[np.arange(len(true)), true]
    choices = believed.probabilities.argmax(axis=1)
    return tuple(
        HardSong(believed.songs[i], labels[true[i]], labels[choices[i]], round(float(own[i]), 5))
        for i in np.argsort(own, kind="stable")[:HARDEST]
        if choices[i] != true[i]
    )


def to_plain(report: Report) -> dict[str, Any]:
    """A report as what `json` can write."""
    return {
        "model": report.model,
        "dataset": report.dataset,
        "split": report.split,
        "songs": report.n,
        "scores": [asdict(score) for score in report.scores],
        "labels": list(report.labels),
        "confusion": report.confusion.tolist(),
        "per_genre": [_genre(report, place) for place in range(len(report.per_genre))],
        "bands": [asdict(band) for band in report.bands],
        "hardest": [asdict(song) for song in report.hardest],
        "data_digest": report.data_digest,
    }


def _genre(report: Report, place: int) -> dict[str, Any]:
    genre, songs, recall = report.per_genre[place]
    low, high = wilson(round(recall * songs), songs)
    return {"genre": genre, "songs": songs, "recall": recall, "low": low, "high": high}
