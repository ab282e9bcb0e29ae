"""The class activation map (Zhou et al. 2016, doi 10.1109/CVPR.2016.319).

Our convolutional networks average their last feature maps over all places and weigh the averages
with one linear layer. Weighing first and averaging afterwards gives the same logit, and tells how
much of it each place brings. A model's file does so, and gives the places beside the logits: the
sum over places plus the layer's bias is the logit, and no second pass is needed.

The places are few (4 × 4 in a picture of 128 × 128), and each sees more of the picture than the
part that it stands for.
"""

from __future__ import annotations

import numpy as np

from genrescope.classification.looking import Model
from genrescope.explain.methods import Evidence
from genrescope.models.engines import Outputs
from genrescope.types import FloatArray, GenrescopeError


def find(model: Model, windows: FloatArray, seen: Outputs, genre: int) -> Evidence:
    """See `genrescope.explain.methods.Method`; needs a model whose file gives the map."""
    if seen.cam is None:
        raise GenrescopeError(
            f"{model.card.name} gives no class activation map: explain it by occlusion"
        )
    cells = seen.cam[:, genre]
    if model.card.picture.lowest_row == "last":
        cells = cells[:, ::-1]
    rest = seen.logits[:, genre] - cells.sum(axis=(1, 2), dtype=np.float64)
    return Evidence(cells, cells.sum(axis=2), cells.sum(axis=1), float(rest.mean()))
