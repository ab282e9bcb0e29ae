"""Many windows, one recording."""

from __future__ import annotations

import numpy as np

from genrescope.types import FloatArray, GenrescopeError, refuse


def pool_logits(logits: FloatArray) -> FloatArray:
    """Mean of the windows' logits: the geometric mean of their probabilities, but for a constant.

    Parameters
    ----------
    logits : ndarray of float32, shape (windows, genres)
        At least one window, all finite.

    Returns
    -------
    ndarray of float32, shape (genres,)

    Raises
    ------
    GenrescopeError
        If there is no window, or a logit is not finite.

    Examples
    --------
    >>> pool_logits(np.array([[0.0, 2.0], [2.0, 4.0]], dtype=np.float32)).tolist()
    [1.0, 3.0]
    """
    refuse(logits.ndim != 2 or logits.shape[0] == 0, "no window to pool over", GenrescopeError)
    refuse(
        not np.isfinite(logits).all(), "the network gave a logit that is no number", GenrescopeError
    )
    pooled: FloatArray = logits.mean(axis=0, dtype=np.float64).astype(np.float32)
    return pooled
