"""The whole line on one recording, beside librosa and eager PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from genrescope.apps.bench import field
from genrescope.apps.bench.timing import Row, alone, pair
from genrescope.audio import listen
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model


def measure(source: Path, models: Sequence[Model], *, repeats: int = 7) -> list[Row]:
    """Decoding alone, then file to probabilities: one model at a time, and all together.

    Parameters
    ----------
    source : Path
    models : sequence of Model
    repeats : int

    Returns
    -------
    list of Row
    """
    rows = [alone("decode", lambda: _decode(source), repeats)]
    for model in models:
        classifier = Classifier([model])
        name = f"file to probabilities, {model.card.name}"

        def ours(classifier: Classifier = classifier) -> object:
            return classifier.classify(source)

        way, note = field.way_of(model)
        if way is None:
            rows.append(alone(name, ours, repeats))
        else:
            row = pair(name, ours, field.LABEL, partial(way, source), repeats)
            rows.append(replace(row, note=note))
    if len(models) > 1:
        every = Classifier(models)
        rows.append(alone(f"all {len(models)} models", lambda: every.classify(source), repeats))
    return rows


def _decode(source: Path) -> None:
    with listen(source) as recording:
        for _ in recording.blocks():
            pass
