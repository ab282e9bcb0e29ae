"""Why a model says what it says: `Explanation`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genrescope.types.belief import Prediction
from genrescope.types.errors import GenrescopeError, refuse
from genrescope.types.sound import FloatArray, Spectrogram


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where on a spectrogram a model's evidence for a label lies.

    Attributes
    ----------
    label, method : str
    evidence : ndarray of float32, shape (bands, frames)
        In logits a cell of `cells`: positive where it speaks for the label, negative where
        against.
    by_band : ndarray of float32, shape (bands,)
        The same for whole bands, in logits.
    by_time : ndarray of float32, shape (frames,)
        The same for whole columns, in logits.
    cells : ndarray of float32, shape (windows, rows, columns)
        The evidence as it was found, window by window, before it was drawn at the spectrogram's
        size; row 0 is the lowest.
    bias : float, optional
        What the logit is without any evidence, where the method knows it: then the logit of a
        window is the sum of its cells plus this.
    spectrogram : Spectrogram
        What the evidence lies on; as many bands and frames.
    prediction : Prediction
        Of the stretch explained, by the model explained.
    """

    label: str
    method: str
    evidence: FloatArray
    by_band: FloatArray
    by_time: FloatArray
    cells: FloatArray
    bias: float | None
    spectrogram: Spectrogram
    prediction: Prediction

    def __post_init__(self) -> None:
        shape = self.spectrogram.values.shape
        refuse(self.evidence.shape != shape, "evidence is (bands, frames)", GenrescopeError)
        sums = (self.by_band.shape, self.by_time.shape) != (shape[:1], shape[1:])
        refuse(sums, "evidence sums to a value a band and a value a frame", GenrescopeError)
        refuse(self.cells.ndim != 3, "cells are (windows, rows, columns)", GenrescopeError)
        for values in (self.evidence, self.by_band, self.by_time, self.cells):
            refuse(not np.isfinite(values).all(), "evidence that is no number", GenrescopeError)
        known = self.label in self.prediction.labels
        refuse(not known, f"the model does not know {self.label!r}", GenrescopeError)

    @property
    def heat(self) -> FloatArray:
        """What speaks for the label, shape (bands, frames), not negative."""
        heat: FloatArray = np.maximum(self.evidence, np.float32(0))
        return heat

    @property
    def probability(self) -> float:
        """Of the label, in the stretch explained."""
        return float(self.prediction.probabilities[self.prediction.labels.index(self.label)])
