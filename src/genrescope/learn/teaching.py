"""Trained models as teachers: what they believe of a batch becomes part of its targets.

Knowledge distillation (Hinton, Vinyals and Dean 2015, arXiv 1503.02531), the teachers looking at
the very windows that the student is shown, augmented and mixed (Beyer et al. 2022, doi
10.1109/CVPR52688.2022.01065). A teacher that looks at spectrograms of another kind is shown the
same seconds in its own kind, mixed alike but not augmented: what is done to the bands of one
picture cannot be done to the bands of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.looking import Model, look
from genrescope.types import FloatArray, SpectrogramSpec, TrainingError


class Teachers:
    """Models whose calibrated beliefs are averaged.

    Parameters
    ----------
    models : sequence of Model
        At least one, over `labels` in that order.
    weight : float
        Their share in a target, in (0, 1]; the label has the rest.
    labels : tuple of str
    spectrograms : mapping of str to SpectrogramSpec
        What can be shown, by kind.

    Raises
    ------
    TrainingError
        If one of them has other labels or looks at spectrograms that cannot be
        shown, or `weight` is no share.
    """

    def __init__(
        self,
        models: Sequence[Model],
        weight: float,
        labels: tuple[str, ...],
        spectrograms: Mapping[str, SpectrogramSpec],
    ) -> None:
        if not models or not 0 < weight <= 1:
            raise TrainingError("teachers need at least one model, and a weight in (0, 1]")
        for model in models:
            spec = model.card.spectrogram
            if model.card.labels != labels or spectrograms.get(spec.kind) != spec:
                raise TrainingError(
                    f"{model.card.name} cannot teach here: it has other labels, or looks at "
                    "other spectrograms"
                )
        self._models, self._weight = tuple(models), weight

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models."""
        return tuple(model.card.name for model in self._models)

    @property
    def digests(self) -> list[str]:
        """SHA-256 of the models' files."""
        return [model.digest for model in self._models]

    @property
    def kinds(self) -> frozenset[str]:
        """Of the spectrograms that they look at."""
        return frozenset(model.card.spectrogram.kind for model in self._models)

    def soften(self, windows: Mapping[str, FloatArray], targets: FloatArray) -> FloatArray:
        """Mix what the teachers believe into the targets of a batch.

        Parameters
        ----------
        windows : mapping of str to ndarray of float32, shape (batch, bands, frames)
            In [0, 1], by kind.
        targets : ndarray of float32, shape (batch, genres)
            Distributions, or less than one where a window (or what was mixed into it) has no
            label: what the label does not say, the teachers do.

        Returns
        -------
        ndarray of float32, shape (batch, genres)
        """
        beliefs = [
            apply_temperature(
                look(model, windows[model.card.spectrogram.kind]), model.card.temperature
            )
            for model in self._models
        ]
        told = (1 - self._weight) * targets
        rest = 1 - told.sum(axis=1, keepdims=True)
        mixed: FloatArray = (told + rest * np.mean(beliefs, axis=0)).astype(np.float32)
        return mixed
