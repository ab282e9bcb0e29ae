"""Measuring models on sound files with labels: the whole line, as a person's own music takes it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from genrescope.classification.calibrate import undo_temperature
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.learn.judging import Beliefs, report
from genrescope.learn.own.find import Question, find_songs
from genrescope.learn.own.song import Passed, Song
from genrescope.learn.splits import plain_name
from genrescope.learn.together import mean_of
from genrescope.types import (
    Comparison,
    FloatArray,
    GenrescopeError,
    Report,
    TrainingError,
    refuse,
)

SPLIT = "all"


@dataclass(frozen=True, slots=True)
class Audition:
    """What models did with labelled sound files.

    Attributes
    ----------
    reports : tuple of Report
        One a model; with several models a last one on their mean.
    passed : tuple of Passed
        Files that were not judged, each with its reason.
    unheard : int
        How many of them have a label and could not be heard.
    """

    reports: tuple[Report, ...]
    passed: tuple[Passed, ...]
    unheard: int = 0


def audition(
    models: Sequence[Model], question: Question, tell: Callable[[int, int, str], None] | None = None
) -> Audition:
    """Let models hear every labelled file, and hold what they say against the labels.

    Parameters
    ----------
    models : sequence of Model
        With the same labels in the same order.
    question : Question
        Where the files are, and where their labels stand.
    tell : callable, optional
        Called with how many are done, how many there are, and the name of what comes next.

    Returns
    -------
    Audition

    Raises
    ------
    TrainingError
        If the models know different labels, no labelled file was found, none has a label that the
        models know, or none could be heard.
    """
    labels = models[0].card.labels
    for model in models:
        refuse(
            model.card.labels != labels,
            f"{model.card.name} and {models[0].card.name} know different labels: measure them "
            "one at a time",
            TrainingError,
        )
    found = find_songs(question)
    known, passed = _known(found.songs, labels)
    classifier, heard = Classifier(models), list[tuple[Song, FloatArray]]()
    for number, song in enumerate(known):
        if tell is not None:
            tell(number, len(known), song.name)
        try:
            heard.append((song, _hear(classifier, song)))
        except GenrescopeError as error:
            passed.append(Passed(song.name, str(error)))
    refuse(not heard, f"none of {len(known)} files could be heard", TrainingError)
    unheard = len(known) - len(heard)
    return Audition(_reports(models, question, heard), (*found.passed, *passed), unheard)


def _known(songs: Sequence[Song], labels: tuple[str, ...]) -> tuple[list[Song], list[Passed]]:
    """Songs under the models' own spelling of their labels, and those whose label is none."""
    plain = Counter(map(plain_name, labels))
    spelling = {plain_name(one): one for one in labels if plain[plain_name(one)] == 1}
    known, passed = [], []
    for song in songs:
        label = song.label if song.label in labels else spelling.get(plain_name(song.label))
        if label is None:
            passed.append(Passed(song.name, f"the models know no {song.label!r}"))
        else:
            known.append(Song(song.path, song.name, label, song.artist, song.artist_from))
    refuse(
        not known,
        f"no label that the models know (they know {', '.join(labels)}); the files' labels are "
        f"{', '.join(sorted({song.label for song in songs})[:20])}",
        TrainingError,
    )
    return known, passed


def _hear(classifier: Classifier, song: Song) -> FloatArray:
    """Probabilities (models, genres) of one file."""
    said = classifier.classify(song.path)
    each = said.predictions if isinstance(said, Comparison) else (said,)
    return np.stack([prediction.probabilities for prediction in each])


def _reports(
    models: Sequence[Model], question: Question, heard: Sequence[tuple[Song, FloatArray]]
) -> tuple[Report, ...]:
    labels, name = models[0].card.labels, question.place.name or "audio"
    truth = np.array([labels.index(song.label) for song, _ in heard], dtype=np.int64)
    songs = tuple(song.name for song, _ in heard)
    text = "\n".join(f"{song.name}\t{song.label}" for song, _ in heard)
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    stacked = np.stack([said for _, said in heard], axis=1)
    before = np.stack(
        [undo_temperature(p, m.card.temperature) for p, m in zip(stacked, models, strict=True)]
    )
    panels: dict[str, tuple[FloatArray, FloatArray]] = {
        model.card.name: (stacked[place], before[place]) for place, model in enumerate(models)
    }
    if len(models) > 1:
        panels[" + ".join(panels)] = (mean_of(list(stacked)), mean_of(list(before)))
    return tuple(
        report(title, labels, name, SPLIT, Beliefs(said, truth, digest, songs, before=raw))
        for title, (said, raw) in panels.items()
    )
