"""A linear head on embeddings: multinomial logistic regression, its penalty chosen on validation.

The head is linear in the embedding, so that the mean over windows of its logits is what it gives
for the mean embedding: trained on means, it serves single windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from genrescope.learn.metrics import nll
from genrescope.types import FloatArray, TrainingError, refuse

Truth = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Weights from an embedding to logits.

    Attributes
    ----------
    weights : ndarray of float32, shape (genres, features)
    offsets : ndarray of float32, shape (genres,)
    penalty : float
        On the squares of the standardised weights; what it was fitted with.
    """

    weights: FloatArray
    offsets: FloatArray
    penalty: float

    def logits(self, embeddings: FloatArray) -> FloatArray:
        """Logits (n, genres) of embeddings (n, features)."""
        logits: FloatArray = embeddings @ self.weights.T + self.offsets
        return logits


def fit_head(
    embeddings: FloatArray, truth: Truth, genres: int, penalty: float, crowding: float
) -> Head:
    """Fit a head by maximum likelihood under a penalty.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (n, features)
    truth : ndarray of int64, shape (n,)
        Numbers of labels.
    genres : int
        Labels there are; one without an excerpt is never a first choice.
    penalty : float
        Positive.
    crowding : float
        A genre of n excerpts weighs n to this power.

    Returns
    -------
    Head

    Raises
    ------
    TrainingError
        If there is nothing to learn from, or the penalty is not positive.
    """
    refuse(len(truth) == 0, "no excerpt to fit a head to", TrainingError)
    refuse(not penalty > 0, f"a head needs a penalty above 0, not {penalty:g}", TrainingError)
    mean = embeddings.mean(axis=0, dtype=np.float64)
    spread = embeddings.std(axis=0, dtype=np.float64) + 1e-6
    values = (embeddings - mean) / spread
    counts = np.bincount(truth, minlength=genres).astype(np.float64)
    share = counts[truth] ** (crowding - 1)
    share /= share.sum()
    target = np.eye(genres)[truth]

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = point.reshape(genres, -1)
        logs = log_softmax(values @ table[:, :-1].T + table[:, -1], axis=1)
        cost = -share @ logs[np.arange(len(truth)), truth]
        error = share[:, None] * (np.exp(logs) - target)
        slope = np.column_stack([error.T @ values + penalty * table[:, :-1], error.sum(axis=0)])
        return float(cost + penalty / 2 * np.square(table[:, :-1]).sum()), slope.ravel()

    start = np.zeros(genres * (values.shape[1] + 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    table = found.reshape(genres, -1)
    weights = table[:, :-1] / spread
    offsets = table[:, -1] - weights @ mean
    return Head(weights.astype(np.float32), offsets.astype(np.float32), penalty)


def choose_head(
    taught: tuple[FloatArray, Truth],
    judged: tuple[FloatArray, Truth],
    genres: int,
    penalties: Sequence[float],
    crowding: float,
) -> Head:
    """The head of the penalty that gives validation excerpts the least negative log likelihood.

    Parameters
    ----------
    taught, judged : tuple of (embeddings, truth)
        Of training and of validation.
    genres : int
    penalties : sequence of float
    crowding : float

    Returns
    -------
    Head
    """
    refuse(not penalties, "no penalty to choose from", TrainingError)
    heads = [fit_head(*taught, genres, penalty, crowding) for penalty in penalties]
    embeddings, truth = judged
    refuse(len(truth) == 0, "no validation excerpt to choose a head by", TrainingError)

    def cost(head: Head) -> float:
        shares = np.exp(log_softmax(head.logits(embeddings).astype(np.float64), axis=1))
        return nll(shares.astype(np.float32), truth)

    return min(heads, key=cost)
