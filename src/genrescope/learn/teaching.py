"""Trained models as teachers: what they believe of a batch becomes part of its targets.

Knowledge distillation (Hinton, Vinyals and Dean 2015, arXiv 1503.02531), the teachers looking at
the very windows that the student is shown, augmented and mixed (Beyer et al. 2022, doi
10.1109/CVPR52688.2022.01065).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.looking import Model, look
from genrescope.types import FloatArray, SpectrogramSpec, TrainingError


class Teachers:
    """Models whose calibrated beliefs are averaged.

    Parameters
    ----------
    models : sequence of Model
        At least one, over `labels` in that order and the same spectrogram as the student's.
    weight : float
        Their share in a target, in (0, 1]; the label has the rest.
    labels : tuple of str
    spectrogram : SpectrogramSpec

    Raises
    ------
    TrainingError
        If one of them has other labels or looks at other spectrograms, or `weight` is no share.
    """

    def __init__(
        self,
        models: Sequence[Model],
        weight: float,
        labels: tuple[str, ...],
        spectrogram: SpectrogramSpec,
    ) -> None:
        if not models or not 0 < weight <= 1:
            raise TrainingError("teachers need at least one model, and a weight in (0, 1]")
        for model in models:
            if model.card.labels != labels or model.card.spectrogram != spectrogram:
                raise TrainingError(
                    f"{model.card.name} cannot teach here: it has other labels, or looks at "
                    "other spectrograms"
                )
        self._models, self._weight = tuple(models), weight

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models."""
        return tuple(model.card.name for model in self._models)

    def soften(self, windows: FloatArray, targets: FloatArray) -> FloatArray:
        """Mix what the teachers believe into the targets of a batch.

        Parameters
        ----------
        windows : ndarray of float32, shape (batch, bands, frames)
            In [0, 1], as the student will see them.
        targets : ndarray of float32, shape (batch, genres)
            Distributions, or less than one where a window (or what was mixed into it) has no
            label: what the label does not say, the teachers do.

        Returns
        -------
        ndarray of float32, shape (batch, genres)
        """
        beliefs = [
            apply_temperature(look(model, windows), model.card.temperature)
            for model in self._models
        ]
        told = (1 - self._weight) * targets
        rest = 1 - told.sum(axis=1, keepdims=True)
        mixed: FloatArray = (told + rest * np.mean(beliefs, axis=0)).astype(np.float32)
        return mixed
