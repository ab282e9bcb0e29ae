"""What several models say together, and where they pull apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genrescope.types import Comparison, GenrescopeError, Prediction, refuse

LEAST = 1e-9
"""A smaller probability counts as this much: a single 0 rules no genre out for all."""


def entropy_bits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Shannon entropy in bits over the last axis.

    Examples
    --------
    >>> float(entropy_bits(np.array([0.5, 0.5])))
    1.0
    """
    p = np.asarray(probabilities, dtype=np.float64)
    logs = np.log2(p, where=p > 0, out=np.zeros_like(p))
    entropy: NDArray[np.float64] = -(p * logs).sum(axis=-1) + 0.0
    return entropy


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """What several models say together of one recording or many.

    Attributes
    ----------
    mean : ndarray of float64, shape (..., genres)
        Geometric.
    agreement, divergence, entropy : ndarray of float64, shape (...)
        As in `genrescope.types.Comparison`.
    """

    mean: NDArray[np.float64]
    agreement: NDArray[np.float64]
    divergence: NDArray[np.float64]
    entropy: NDArray[np.float64]


def weigh(stacked: NDArray[np.floating]) -> Weighed:
    """Mean, agreement, divergence and entropy of probabilities, shape (..., models, genres).

    The mean is the geometric one, made to sum to 1 (a logarithmic opinion pool: Genest and Zidek
    1986, doi 10.1214/ss/1177013825): the mean of the models' logits, as a song's is of its
    windows'. One model agrees with itself.

    Examples
    --------
    >>> two = weigh(np.array([[0.8, 0.2], [0.2, 0.8]]))
    >>> float(two.agreement), two.mean.round(3).tolist()
    (0.5, [0.5, 0.5])
    >>> weigh(np.array([[0.9, 0.1], [0.5, 0.5]])).mean.round(3).tolist()
    [0.75, 0.25]
    """
    each = np.asarray(stacked, dtype=np.float64)
    mean = _geometric_mean(each)
    same = each.argmax(axis=-1) == mean.argmax(axis=-1)[..., None]
    spread = entropy_bits(each.mean(axis=-2)) - entropy_bits(each).mean(axis=-1)
    return Weighed(mean, same.mean(axis=-1), np.maximum(0.0, spread), entropy_bits(mean))


def _geometric_mean(each: NDArray[np.float64]) -> NDArray[np.float64]:
    if each.shape[-2] == 1:
        return each[..., 0, :]
    logs = np.log(np.maximum(each, LEAST)).mean(axis=-2)
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    mean: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return mean


def compare(predictions: Sequence[Prediction]) -> Comparison:
    """Put predictions over one recording side by side.

    Parameters
    ----------
    predictions : sequence of Prediction
        At least two. Labels may stand in different orders; every prediction is brought into
        the order of the first.

    Returns
    -------
    Comparison
        With the generalised Jensen-Shannon divergence (Lin 1991, doi 10.1109/18.61115), equal
        weights: entropy of the arithmetic mean less the mean of the entropies.

    Raises
    ------
    GenrescopeError
        If the models do not share one set of labels.
    """
    refuse(len(predictions) < 2, "a comparison needs two models", GenrescopeError)
    labels = predictions[0].labels
    for other in predictions[1:]:
        if set(other.labels) != set(labels):
            raise GenrescopeError(
                f"{other.model} and {predictions[0].model} know different labels and cannot be "
                "compared: run them one at a time"
            )
    ordered = tuple(_reorder(prediction, labels) for prediction in predictions)
    stacked = np.stack([prediction.probabilities for prediction in ordered]).astype(np.float64)
    weighed = weigh(stacked)
    winner = int(weighed.mean.argmax())
    choices = stacked.argmax(axis=1)
    return Comparison(
        predictions=ordered,
        mean=weighed.mean.astype(np.float32),
        agreement=float(weighed.agreement),
        divergence=float(weighed.divergence),
        entropy=float(weighed.entropy),
        dissenters=tuple(
            (prediction.model, labels[choice])
            for prediction, choice in zip(ordered, choices, strict=True)
            if choice != winner
        ),
    )


def _reorder(prediction: Prediction, labels: tuple[str, ...]) -> Prediction:
    if prediction.labels == labels:
        return prediction
    order = [prediction.labels.index(label) for label in labels]
    return replace(
        prediction,
        labels=labels,
        probabilities=prediction.probabilities[order],
        per_window=prediction.per_window[:, order],
    )
