"""How long and how strongly a network learns from one's own songs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from genrescope.learn.augment import Augmentation
from genrescope.learn.own.collection import DATASET
from genrescope.learn.recipe import Data, Optimiser, Recipe, Stage
from genrescope.types import GENRESCOPE_MEL, ModelCard, PictureSpec, SpectrogramSpec

BATCH = 32
HEAD_SHARE = 0.25
"""Of all steps, the first, in which only the head learns."""

STEPS_A_SONG = 2.0
LEAST_STEPS, MOST_STEPS = 200, 2000
MOST_THREADS = 4
"""Beyond it small batches of small pictures gain nothing."""


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins from.

    Attributes
    ----------
    network : str
    spectrogram : SpectrogramSpec
    picture : PictureSpec
    card : ModelCard, optional
        Of the shipped network; None where nothing was learned before.
    """

    network: str = "mobilenet_v3_large"
    spectrogram: SpectrogramSpec = GENRESCOPE_MEL
    picture: PictureSpec = field(default_factory=lambda: PictureSpec(128, 128, 1, (0.45,), (0.2,)))
    card: ModelCard | None = None


def plan(name: str, start: Start, songs: int, *, freeze: bool, steps: int | None) -> Recipe:
    """The recipe of a training on one's own songs.

    Parameters
    ----------
    name : str
    start : Start
    songs : int
        That teach.
    freeze : bool
        Whether only the head learns.
    steps : int, optional
        By default two a song, at least 200 and at most 2000.

    Returns
    -------
    Recipe
        The head alone first, then the whole network, under one cycle of the learning rate that
        rises while the head learns. From scratch the head has no time of its own.
    """
    total = steps or round(min(max(STEPS_A_SONG * songs, LEAST_STEPS), MOST_STEPS))
    head = 0 if start.card is None else total if freeze else round(HEAD_SHARE * total)
    pixels = start.picture.height
    stages = [Stage(pixels, head, BATCH, "head")] if head else []
    stages += [Stage(pixels, total - head, BATCH)] if total > head else []
    return Recipe(
        name=name,
        network=start.network,
        kind=start.spectrogram.kind,
        taxonomy="",
        data=Data(sources=(DATASET,)),
        stages=tuple(stages),
        init="" if start.card is None else start.card.name,
        picture=start.picture,
        optimiser=Optimiser(peak_rate=2e-3 if freeze or not head else 1e-3, warmup=HEAD_SHARE),
        augmentation=_augmentation(start.spectrogram.kind),
        threads=_threads(),
    )


def _augmentation(kind: str) -> Augmentation:
    """Gentle, as one collection has one texture to hide."""
    if kind == "cqt":
        return Augmentation(shift_bands=2, mask_bands=12, masks=1, gain_db=4.0, noise_db=3.0)
    return Augmentation(noise_db=3.0, masks=1, gain_db=4.0, tilt_db=8.0, mixup=(0.35, 0.3))


def _threads() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    return max(1, min(cores, MOST_THREADS))
