"""What models say over the course of a recording: `Segment`, `Timeline`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrescope.types.belief import Comparison, Prediction
from genrescope.types.errors import GenrescopeError, refuse
from genrescope.types.sound import FloatArray


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch through which the answer stays the same.

    Attributes
    ----------
    start, end : float
        In seconds of the source.
    genre : str
    probability : float
        Mean over the stretch.
    """

    start: float
    end: float
    genre: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One or several models' probabilities over the course of a recording.

    Attributes
    ----------
    result : Prediction or Comparison
        What is said of the recording as a whole.
    seconds : ndarray of float64, shape (n,)
        Middles of the steps, ascending, in seconds of the source.
    step : float
        Seconds from middle to middle.
    probabilities : ndarray of float32, shape (n, genres)
        Means over the models.
    per_model : ndarray of float32, shape (models, n, genres)
    divergence : ndarray of float64, shape (n,), or None
        Generalised Jensen-Shannon divergence between the models, in bits; None of one model.
    segments : tuple of Segment
        End to end, from the beginning to the end.
    """

    result: Prediction | Comparison
    seconds: NDArray[np.float64]
    step: float
    probabilities: FloatArray
    per_model: FloatArray
    divergence: NDArray[np.float64] | None
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        shape = (len(self.seconds), len(self.labels))
        refuse(self.probabilities.shape != shape, "a probability a step and label", GenrescopeError)
        rows = (len(self.models), *shape)
        refuse(self.per_model.shape != rows, "a row of probabilities a model", GenrescopeError)
        refuse(not self.segments, "a recording has a segment at least", GenrescopeError)

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """One a model."""
        if isinstance(self.result, Comparison):
            return self.result.predictions
        return (self.result,)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the columns."""
        return self.result.labels

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of `per_model`."""
        return tuple(prediction.model for prediction in self.predictions)
