"""How much a network multiplies, as OpenVINO has read it."""

from __future__ import annotations

import math
from typing import Any

WITHIN_A_FILTER = {"Convolution": 1, "GroupConvolution": 2}
"""From which axis of their weights on lies what one output sums over."""


def multiply_adds(network: Any) -> int:
    """Multiplications, each with its addition, that one picture takes.

    Parameters
    ----------
    network : openvino.Model
        Of fixed shapes; operations whose shapes are open count nothing.

    Returns
    -------
    int
        Of convolutions and matrix products: all else is small beside them.
    """
    return sum(_of(part) for part in network.get_ordered_ops())


def _of(part: Any) -> int:
    kind = part.get_type_name()
    if kind not in (*WITHIN_A_FILTER, "MatMul"):
        return 0
    shapes = [part.output(0).get_partial_shape()]
    shapes += [part.input(place).get_partial_shape() for place in (0, 1)]
    if any(shape.is_dynamic for shape in shapes):
        return 0
    made, given, weights = ([int(n) for n in shape.to_shape()] for shape in shapes)
    if kind == "MatMul":
        turned = bool(part.get_attributes()["transpose_a"])
        return math.prod(made) * (given[-2] if turned and len(given) > 1 else given[-1])
    return math.prod(made) * math.prod(weights[WITHIN_A_FILTER[kind] :])
