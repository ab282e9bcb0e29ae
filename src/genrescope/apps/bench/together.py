"""Several networks over one window, beside the sum of what each takes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from genrescope.apps.bench.networks import noise_picture
from genrescope.apps.bench.timing import Row, pair_of, turn
from genrescope.audio import parse_windows
from genrescope.classification.classifier import Classifier
from genrescope.classification.drawing import draw_source
from genrescope.classification.looking import Model
from genrescope.types import GenrescopeError, refuse

MOST_MORE = 0.12
"""What all together may take beyond the sum of their arithmetic."""


def measure(source: Path, models: Sequence[Model], repeats: int) -> list[Row]:
    """All networks over one window, to their comparison, beside the sum of each one's run alone.

    Ours holds the pictures made of the window, the networks, their probabilities and what they
    say together; the spectrograms are drawn before. Theirs is the networks' arithmetic and nothing
    else, one network after the other.

    Parameters
    ----------
    source : Path
        What the window is cut from.
    models : sequence of Model
    repeats : int
        Medians of so many turns.

    Raises
    ------
    GenrescopeError
        If there is one model only.
    """
    refuse(len(models) < 2, "there is one network only", GenrescopeError)
    classifier = Classifier(models)
    drawn = list(draw_source(source, classifier.specs, parse_windows("first")))
    pictures = [noise_picture(model.card) for model in models]

    def all_of_them() -> object:
        sitting = classifier.sit()
        for piece in drawn:
            sitting.take(piece)
        return sitting.conclude()

    together, sums = [], []
    for _ in range(repeats):
        together.append(turn(all_of_them))
        pairs = zip(models, pictures, strict=True)
        sums.append(sum(turn(lambda m=m, p=p: m.engine.run(p)) for m, p in pairs))  # type: ignore[misc]
    name = f"one window through all {len(models)} networks"
    row = pair_of(name, together, "the sum of each alone", sums)
    least = 1 / (1 + MOST_MORE)
    return [replace(row, note=f"{1 / row.ratio - 1:+.0%} (its / ours at least {least:.2f} wanted)")]
