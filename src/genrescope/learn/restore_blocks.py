"""Weights of transformer blocks, taken back from the graph that they were exported to.

They stand there in the order in which they compute, and transposed where a matrix product takes
them; convolutions are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, dropwhile, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genrescope.learn.graph_constants import Constants
from genrescope.learn.networks.vit import Patches, make_identity
from genrescope.types import TrainingError, refuse

if TYPE_CHECKING:
    import onnx

NORM = "LayerNormalization"
POSITIONS = "trunk.positions"


def fill_blocks(trunk: Patches, graph: onnx.GraphProto) -> None:
    """Give a trunk's positions, blocks and last norm the weights of a graph.

    A graph may have the first blocks only; the others become the identity.

    Parameters
    ----------
    trunk : Patches
        Changed in place; its stem is left as it is.
    graph : onnx.GraphProto

    Raises
    ------
    TrainingError
        If the graph has other layers.
    LookupError
        If it has no positions under their name.
    """
    constants = Constants(graph)
    found = list(_weights(graph, constants))
    there, over = divmod(len(found) - 2, len(list(_of_block(trunk.layers[0]))))
    refuse(
        over != 0 or not 0 < there <= len(trunk.layers),
        f"{len(found)} arrays of weights are those of no number of transformer blocks",
        TrainingError,
    )
    blocks = chain.from_iterable(map(_of_block, trunk.layers[:there]))
    places = [*blocks, trunk.norm.weight, trunk.norm.bias]
    for place, values in zip(places, found, strict=True):
        put(place, values)
    for block in trunk.layers[there:]:
        make_identity(block)
    put(trunk.positions, constants.read(POSITIONS))


def put(place: torch.Tensor, values: np.ndarray) -> None:
    """Copy an array into a tensor of its shape.

    Raises
    ------
    TrainingError
        If it has another.
    """
    refuse(
        tuple(place.shape) != values.shape,
        f"a weight is {values.shape}, not {tuple(place.shape)}",
        TrainingError,
    )
    with torch.no_grad():
        place.copy_(torch.from_numpy(np.array(values, dtype=np.float32)))


def _of_block(block: Any) -> Iterator[torch.Tensor]:
    attention, mlp = block.self_attention, block.mlp
    yield from (block.ln_1.weight, block.ln_1.bias)
    yield from (attention.in_proj_weight, attention.in_proj_bias)
    yield from (attention.out_proj.weight, attention.out_proj.bias)
    yield from (block.ln_2.weight, block.ln_2.bias)
    yield from (mlp[0].weight, mlp[0].bias, mlp[3].weight, mlp[3].bias)


def _weights(graph: onnx.GraphProto, constants: Constants) -> Iterator[np.ndarray]:
    """Weights and biases from the first norm to the head, which is a convolution."""
    behind = dropwhile(lambda node: node.op_type != NORM, graph.node)
    for node in takewhile(lambda node: node.op_type != "Conv", behind):
        known = [name for name in node.input if constants.knows(name)]
        if node.op_type in (NORM, "Gemm"):
            yield from (constants.read(name) for name in known[:2])
        elif node.op_type == "MatMul" and known:
            yield constants.read(known[0]).T
        elif node.op_type == "Add" and known:
            bias = constants.read(known[0])
            if bias.ndim == 1 and bias.size > 1 and bias.dtype == np.float32:
                yield bias
