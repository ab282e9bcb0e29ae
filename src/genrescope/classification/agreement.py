"""What several models say together, and where they pull apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genrescope.types import Comparison, GenrescopeError, Prediction, refuse


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
        weights: entropy of the mean less the mean of the entropies.

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
    mean = stacked.mean(axis=0)
    winner = int(mean.argmax())
    choices = stacked.argmax(axis=1)
    entropy = float(entropy_bits(mean))
    return Comparison(
        predictions=ordered,
        mean=mean.astype(np.float32),
        agreement=float((choices == winner).mean()),
        divergence=max(0.0, entropy - float(entropy_bits(stacked).mean())),
        entropy=entropy,
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
    return Prediction(
        labels=labels,
        probabilities=prediction.probabilities[order],
        per_window=prediction.per_window[:, order],
        window_starts=prediction.window_starts,
        model=prediction.model,
        calibrated=prediction.calibrated,
        source=prediction.source,
        seconds=prediction.seconds,
        notices=prediction.notices,
        music=prediction.music,
        pretrained=prediction.pretrained,
    )
