"""How far two explanations of one thing agree."""

from __future__ import annotations

import numpy as np

from genrescope.spectrogram.picture import resize
from genrescope.types import FloatArray, GenrescopeError, refuse


def rank_agreement(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation of two ways' cells, over all places of all windows.

    Parameters
    ----------
    first, second : ndarray of float32, shape (windows, rows, columns)
        Of the same windows. The finer one is averaged to the coarser one's places.

    Returns
    -------
    float
        In [-1, 1]; 0 where one of them is the same everywhere.

    Raises
    ------
    GenrescopeError
        If they are not of as many windows.

    Examples
    --------
    >>> cells = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    >>> rank_agreement(cells, -cells), rank_agreement(cells, cells**3)
    (-1.0, 1.0)
    """
    from scipy.stats import rankdata

    refuse(len(first) != len(second), "two explanations of different windows", GenrescopeError)
    rows, columns = np.minimum(first.shape[1:], second.shape[1:])
    ranks = [rankdata(resize(cells, int(rows), int(columns)).ravel()) for cells in (first, second)]
    centred = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return round(float((centred[0] * centred[1]).sum()) / scale, 9) if scale else 0.0
