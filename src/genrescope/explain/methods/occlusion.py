"""Occlusion: what the logit loses where a part is silenced (Zeiler and Fergus 2014).

doi 10.1007/978-3-319-10590-1_53. A part is set to the recipe's floor, which is what silence looks
like; the paper's grey square would put sound where there was none. Any model can be asked, for
only its logits are looked at. Strips of bands, strips of time and cells of both are silenced one
at a time, so what only two parts together tell is not found.
"""

from __future__ import annotations

import numpy as np

from genrescope.classification.looking import Model, look
from genrescope.explain.methods import Evidence
from genrescope.models.engines import Outputs
from genrescope.types import FloatArray

GRID = 8
"""Rows and columns of the cells."""

STRIPS = 16
"""Strips of bands, and strips of time."""

SILENT = np.float32(0)


def find(model: Model, windows: FloatArray, seen: Outputs, genre: int) -> Evidence:
    """See `genrescope.explain.methods.Method`; takes 96 passes a window."""
    logits = seen.logits[:, genre]
    return Evidence(
        _losses(model, windows, logits, genre, (GRID, GRID)),
        _losses(model, windows, logits, genre, (STRIPS, 1))[:, :, 0],
        _losses(model, windows, logits, genre, (1, STRIPS))[:, 0],
    )


def _losses(
    model: Model, windows: FloatArray, logits: FloatArray, genre: int, grid: tuple[int, int]
) -> FloatArray:
    rows, columns = grid
    losses = np.empty((len(windows), rows, columns), dtype=np.float32)
    for window, logit, into in zip(windows, logits, losses, strict=True):
        for row in range(rows):
            without = np.stack([_silenced(window, row, at, grid) for at in range(columns)])
            into[row] = logit - look(model, without)[:, genre]
    return losses


def _silenced(window: FloatArray, row: int, column: int, grid: tuple[int, int]) -> FloatArray:
    bands, frames = window.shape
    (rows, columns), changed = grid, window.copy()
    low, high = row * bands // rows, (row + 1) * bands // rows
    first, last = column * frames // columns, (column + 1) * frames // columns
    changed[low:high, first:last] = SILENT
    return changed
