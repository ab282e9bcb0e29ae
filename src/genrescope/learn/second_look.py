"""Whether the other spectrogram helps where a first look is unsure, measured on test songs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from genrescope.learn.judging import Testimony
from genrescope.learn.together import mean_of

EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 1.0)
"""Of the probability of the first look's first choice: above 0.6 hardly any song changes hands."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Songs of which a model was about as sure, and what another kind of spectrogram brought.

    Attributes
    ----------
    model : str
        Whose probability it is, on mels.
    other : str
        The same network on constant-Q spectrograms.
    dataset : str
        Real audio, GTZAN's or ece324's test.
    low, high : float
        The probability of the first choice, in [0, 1].
    songs : int
    alone, both : int
        Right by the first look, and by the geometric mean of both looks.
    translated : bool
        Whether the second look was at pictures that were translated from mels.
    """

    model: str
    other: str
    dataset: str
    low: float
    high: float
    songs: int
    alone: int
    both: int
    translated: bool


def second_looks(panel: Sequence[Testimony]) -> list[SecondLook]:
    """What a second look at each network's constant-Q sister brings, by the first look's surety.

    Parameters
    ----------
    panel : sequence of Testimony
        Of models that saw the same songs; those without a sister are left out.

    Returns
    -------
    list of SecondLook
        One a pair of networks, a set and a band of `EDGES`, in that order.
    """
    sisters = {one.card.network: one for one in panel if one.card.spectrogram.kind == "cqt"}
    pairs = [
        (one, sisters[one.card.network])
        for one in panel
        if one.card.spectrogram.kind == "mel" and one.card.network in sisters
    ]
    return [
        look
        for first, second in pairs
        if first.card.labels == second.card.labels
        for name in first.believed
        for look in _looks(first, second, name)
    ]


def _looks(first: Testimony, second: Testimony, name: str) -> Iterator[SecondLook]:
    mel, cqt = first.believed[name], second.believed[name]
    together = mean_of([mel.probabilities, cqt.probabilities])
    alone, both = (said.argmax(axis=1) == mel.truth for said in (mel.probabilities, together))
    sure = mel.probabilities.max(axis=1)
    for low, high in pairwise(EDGES):
        inside = (sure >= low) & ((sure < high) | (high == EDGES[-1]))
        yield SecondLook(
            first.card.name,
            second.card.name,
            name,
            low,
            high,
            int(np.count_nonzero(inside)),
            int(np.count_nonzero(inside & alone)),
            int(np.count_nonzero(inside & both)),
            translated=cqt.translated,
        )
