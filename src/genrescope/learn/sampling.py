"""Batches: which excerpt, which ten seconds of it, changed how.

Every batch depends on the recipe's seed and the step's number alone, so that a run that was
stopped goes on to the bit as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrescope.learn.augment import augment, cut_windows, mix
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.recipe import Data, Recipe
from genrescope.learn.soft_labels import SoftLabels
from genrescope.types import FloatArray, TrainingError, refuse


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """All excerpts that a run may learn from.

    Attributes
    ----------
    pictures : list of ndarray of uint8, shape (bands, columns)
    targets : ndarray of float32, shape (n, genres)
        Distributions over the labels; all zeros where nobody has labelled an excerpt.
    weights : ndarray of float64, shape (n,)
        Probability of being drawn.
    twins : dict of str to list of ndarray of uint8
        The same excerpts as spectrograms of other kinds, column for column.
    """

    pictures: list[NDArray[np.uint8]]
    targets: FloatArray
    weights: NDArray[np.float64]
    twins: dict[str, list[NDArray[np.uint8]]] = field(default_factory=dict)


class Batch(NamedTuple):
    """What a step learns from.

    Attributes
    ----------
    windows : ndarray of float32, shape (batch, bands, frames)
        In [0, 1].
    targets : ndarray of float32, shape (batch, genres)
    twins : dict of str to ndarray of float32, shape (batch, bands, frames)
        The same seconds as spectrograms of other kinds, mixed alike, not changed otherwise.
    """

    windows: FloatArray
    targets: FloatArray
    twins: dict[str, FloatArray]


def build_pool(
    collections: Sequence[Excerpts],
    labels: tuple[str, ...],
    kind: str,
    data: Data,
    others: frozenset[str] = frozenset(),
    heard: SoftLabels | None = None,
    share: float = 0.0,
) -> Pool:
    """Gather the ``train`` splits, and balance genres, and collections within genres.

    Parameters
    ----------
    collections : sequence of Excerpts
    labels : tuple of str
    kind : str
        Of the spectrograms that are learned from.
    data : Data
    others : frozenset of str
        Further kinds, for teachers that look at those.
    heard : SoftLabels, optional
        What another network heard in some excerpts.
    share : float
        Its part in their targets, in [0, 1].

    Raises
    ------
    TrainingError
        If a genre is not among the labels, soft labels have other ones, nothing is left to learn
        from, or two spectrograms of an excerpt are not of the same length.

    Notes
    -----
    Where the recipe wants unlabelled excerpts, all of them weigh the same.
    """
    gathered = [excerpts.split("train") for excerpts in collections]
    cells = [(genre, part.dataset) for part in gathered for genre in part.genres]
    refuse(not cells, "nothing to learn from", TrainingError)
    weights = _weights(cells, data)
    if data.unlabelled:
        silent = [e.unlabelled() for e in collections]
        found = sum(len(e) for e in silent)
        refuse(not found, "the recipe wants unlabelled excerpts: there are none", TrainingError)
        gathered.extend(silent)
        part = data.unlabelled
        weights = np.concatenate([weights * (1 - part), np.full(found, part / found)])
    targets = [_targets(part, data, labels) for part in gathered]
    if heard is not None:
        strange = heard.labels != labels
        refuse(strange, "the soft labels are over other genres, or in another order", TrainingError)
        pairs = zip(gathered, targets, strict=True)
        targets = [heard.told(part, rows, share) for part, rows in pairs]
    pictures = _pictures(gathered, kind)
    twins = {other: _pictures(gathered, other) for other in sorted(others - {kind})}
    for other in twins.values():
        even = all(a.shape[1] == b.shape[1] for a, b in zip(pictures, other, strict=True))
        refuse(not even, "an excerpt's spectrograms are not of one length", TrainingError)
    return Pool(pictures, np.concatenate(targets), weights, twins)


def _pictures(gathered: list[Excerpts], kind: str) -> list[NDArray[np.uint8]]:
    return [picture for part in gathered for picture in part.pictures(kind)]


def _targets(excerpts: Excerpts, data: Data, labels: tuple[str, ...]) -> FloatArray:
    soft = data.soft.get(excerpts.dataset, {})
    rows = np.zeros((len(excerpts), len(labels)), dtype=np.float32)
    for place, genre in enumerate(excerpts.genres):
        if genre:
            rows[place] = _target(genre, soft, labels)
    return rows


def _target(genre: str, soft: dict[str, dict[str, float]], labels: tuple[str, ...]) -> FloatArray:
    spread = soft.get(genre, {genre: 1.0})
    unknown = set(spread) - set(labels)
    refuse(bool(unknown), f"no label for {', '.join(sorted(unknown))}", TrainingError)
    row = np.zeros(len(labels), dtype=np.float32)
    for name, share in spread.items():
        row[labels.index(name)] = share
    return row


def _weights(cells: list[tuple[str, str]], data: Data) -> NDArray[np.float64]:
    counts: dict[tuple[str, str], int] = {}
    for cell in cells:
        counts[cell] = counts.get(cell, 0) + 1
    mass = {
        cell: data.boost.get(cell[1], 1.0) * count**data.crowding for cell, count in counts.items()
    }
    genre_mass: dict[str, float] = {}
    for (genre, _), value in mass.items():
        genre_mass[genre] = genre_mass.get(genre, 0.0) + value
    weights = np.array([mass[cell] / genre_mass[cell[0]] / counts[cell] for cell in cells])
    normalised: NDArray[np.float64] = weights / weights.sum()
    return normalised


def draw_batch(pool: Pool, recipe: Recipe, step: int, frames: int) -> Batch:
    """The batch of one step.

    Parameters
    ----------
    pool : Pool
    recipe : Recipe
    step : int
        Counted from 0.
    frames : int
        Columns in a window.

    Returns
    -------
    Batch
    """
    generator = np.random.default_rng([recipe.seed, step])
    size = recipe.stage_at(step).batch
    drawn = generator.choice(len(pool.pictures), size, p=pool.weights)
    how = recipe.augmentation
    places = generator.bit_generator.state
    windows = cut_windows([pool.pictures[i] for i in drawn], frames, how.stretch, generator)
    windows = augment(windows, how, generator)
    blends = generator.bit_generator.state
    twins = {}
    for kind, pictures in pool.twins.items():
        again = np.random.default_rng()
        again.bit_generator.state = places
        plain = cut_windows([pictures[i] for i in drawn], frames, how.stretch, again)
        again.bit_generator.state = blends
        twins[kind] = mix(plain, pool.targets[drawn], how.mixup, again)[0]
    mixed, targets = mix(windows, pool.targets[drawn], how.mixup, generator)
    return Batch(mixed, targets, twins)
