"""What explanations and timelines cost beside the classification that they are made from."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from genrescope.apps.bench.songs import lengthen
from genrescope.apps.bench.timing import Row, pair
from genrescope.audio import WindowChoice
from genrescope.classification.classifier import Classifier
from genrescope.classification.drawing import Drawn, draw_source
from genrescope.classification.looking import Model, see
from genrescope.classification.timeline import trace
from genrescope.explain.explainer import explain

SONG_SECONDS = 240.0
EVERY_SECONDS = 2.0
MOST_CAM, MOST_TIMELINE = 1.1, 1.3


def measure(source: Path, models: Sequence[Model], *, repeats: int = 7) -> list[Row]:
    """Two rows a model: the map with a classification, and the timeline of a song.

    Parameters
    ----------
    source : Path
        A recording of 30 s at most, lest a classification look at more than an explanation; the
        song is made of it, over and over.
    models : sequence of Model
        Those without a class activation map have one row.
    repeats : int

    Returns
    -------
    list of Row
        The note has ours over the other, and what it is to stay below.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        song = lengthen(source, Path(folder) / "song.wav", SONG_SECONDS)
        for model in models:
            if _gives_map(model, source):
                rows.append(_map_beside(source, model, repeats))
            rows.append(_timeline_beside(song, model, repeats))
    return rows


def _gives_map(model: Model, source: Path) -> bool:
    choice = WindowChoice("first")
    drawn = next(iter(draw_source(source, [model.card.spectrogram], choice)))
    return isinstance(drawn, Drawn) and see(model, drawn.windows()).cam is not None


def _map_beside(source: Path, model: Model, repeats: int) -> Row:
    alone = Classifier([model])
    row = pair(
        f"{model.card.name}, class activation map",
        lambda: explain(model, source, method="cam"),
        "classification alone",
        lambda: alone.classify(source),
        repeats,
    )
    return _judged(row, MOST_CAM)


def _timeline_beside(song: Path, model: Model, repeats: int) -> Row:
    follower = Classifier([model])
    choice = WindowChoice("every", seconds=EVERY_SECONDS)

    def at_once() -> object:
        pieces = draw_source(song, [model.card.spectrogram], choice)
        windows = [piece.windows() for piece in pieces if isinstance(piece, Drawn)]
        return see(model, np.concatenate(windows))

    row = pair(
        f"{model.card.name}, timeline of {SONG_SECONDS:.0f} s every {EVERY_SECONDS:.0f} s",
        lambda: trace(follower, song, every=EVERY_SECONDS),
        "its windows in one batch",
        at_once,
        repeats,
        warm=False,
    )
    return _judged(row, MOST_TIMELINE)


def _judged(row: Row, most: float) -> Row:
    return replace(row, note=f"{1 / row.ratio:.2f} × the other; at most {most:g}")
