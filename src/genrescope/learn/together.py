"""What several models say together, measured on the same songs as each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genrescope.classification.agreement import weigh
from genrescope.learn.judging import Beliefs, Testimony, report
from genrescope.types import FloatArray, Report, TrainingError, refuse

LEAST = 2


def judge_together(panel: Sequence[Testimony]) -> list[Report]:
    """Reports of what several models say together, as a `Comparison` holds it.

    Parameters
    ----------
    panel : sequence of Testimony
        Of at least two models with the same labels; mel and constant-Q models may mix.

    Returns
    -------
    list of Report
        On real audio, then on GTZAN's and on ece324's test; translated where one of the models
        looked at translated pictures.

    Raises
    ------
    TrainingError
        If there are fewer than two, they know different labels, or saw different songs.
    """
    cards = [one.card for one in panel]
    few = len({card.name for card in cards}) < LEAST
    refuse(few, "models say something together from two on", TrainingError)
    for card in cards:
        refuse(
            card.labels != cards[0].labels,
            f"{card.name} and {cards[0].name} know different labels, or in another "
            "order: what they say cannot be averaged",
            TrainingError,
        )
    title = " + ".join(card.name for card in cards)
    return [
        report(title, cards[0].labels, name, "test", _mean([one.believed[name] for one in panel]))
        for name in panel[0].believed
    ]


def _mean(believed: Sequence[Beliefs]) -> Beliefs:
    first = believed[0]
    for other in believed:
        if not np.array_equal(other.truth, first.truth) or other.digest != first.digest:
            raise TrainingError("the models were not shown the same songs")
    mean = mean_of([one.probabilities for one in believed])
    translated = any(one.translated for one in believed)
    before = [one.before for one in believed if one.before is not None]
    untempered = mean_of(before) if len(before) == len(believed) else None
    return Beliefs(mean, first.truth, first.digest, first.songs, translated, untempered)


def mean_of(said: Sequence[FloatArray]) -> FloatArray:
    """What several say of the same songs, together; one array (songs, genres) each."""
    mean: FloatArray = weigh(np.stack(said, axis=1)).mean.astype(np.float32)
    return mean
