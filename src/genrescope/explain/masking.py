"""Whether heat tells the truth: silence the hottest tenth, and see what a model says then.

A sanity test in the manner of Adebayo et al. (2018, arXiv 1810.03292): where heat means anything,
silencing the hottest places costs the label more than silencing the same shape elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.looking import Model, look, see
from genrescope.explain import methods
from genrescope.explain.explainer import enlarge
from genrescope.types import FloatArray

SHARE = 0.1
"""Of a window's values that are silenced."""

PLACES = 5
"""How many random places the same shape is moved to."""


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """What one window's first choice loses of its probability, in [-1, 1].

    Attributes
    ----------
    hottest : float
        With the hottest tenth silenced.
    elsewhere : float
        With the same shape silenced in random places, on average.
    loudest : float
        With the loudest tenth silenced: what one can do without any explanation.
    cells : ndarray of float32, shape (1, rows, columns)
        The evidence that was put to the test.
    """

    hottest: float
    elsewhere: float
    loudest: float
    cells: FloatArray


def mask_window(
    model: Model, window: FloatArray, method: str, generator: np.random.Generator
) -> Masked:
    """Silence the hottest, the loudest and random tenths of one window.

    Parameters
    ----------
    model : Model
    window : ndarray of float32, shape (bands, frames)
        In [0, 1].
    method : str
        One of `genrescope.explain.methods.names`.
    generator : numpy.random.Generator
        Chooses the random places.

    Returns
    -------
    Masked

    Raises
    ------
    GenrescopeError
        If the method cannot explain the model.
    """
    seen = see(model, window[None])
    genre = int(seen.logits[0].argmax())
    found = methods.load(method).find(model, window[None], seen, genre)
    hot = greatest(enlarge(found.cells, *window.shape)[0])
    bands, frames = window.shape
    moves = generator.integers((bands, frames), size=(PLACES, 2))
    masks = [hot, greatest(window), *(np.roll(hot, tuple(move), (0, 1)) for move in moves.tolist())]
    silenced = np.stack([np.where(mask, np.float32(0), window) for mask in masks])
    logits = np.concatenate([seen.logits, look(model, silenced)])
    chances = apply_temperature(logits, model.card.temperature)[:, genre]
    losses = chances[0] - chances[1:]
    return Masked(float(losses[0]), float(losses[2:].mean()), float(losses[1]), found.cells)


def greatest(values: FloatArray) -> NDArray[np.bool_]:
    """Where the greatest `SHARE` of values lies; among equals the first.

    Examples
    --------
    >>> greatest(np.arange(20, dtype=np.float32).reshape(2, 10)).nonzero()
    (array([1, 1]), array([8, 9]))
    """
    mask = np.zeros(values.size, dtype=bool)
    mask[np.argsort(-values, axis=None, kind="stable")[: max(1, round(SHARE * values.size))]] = True
    return mask.reshape(values.shape)
