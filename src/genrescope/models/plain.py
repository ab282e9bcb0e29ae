"""A network without quantisation, or in half precision: ONNX that every program can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genrescope.models.graph import nodes
from genrescope.types import ModelError, refuse

if TYPE_CHECKING:
    import onnx

LARGEST_HALF = 65504.0
FLOAT, HALF = 1, 10
"""ONNX's numbers for float32 and float16."""

FLOAT_INPUTS = {"Resize": (1, 2), "Upsample": (1,)}
"""Inputs, by operator, that stay float32 whatever the network computes in."""


def drop_quantisation(model: onnx.ModelProto) -> onnx.ModelProto:
    """Turn a network that computes in int8 into one in float32, in place.

    Every weight becomes float32, and every QuantizeLinear with the DequantizeLinear behind it goes
    away, so that activations are no longer rounded or cut off: logits differ a little.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    onnx.ModelProto
        The same object.

    Raises
    ------
    ModelError
        If it uses int8 operators of another form, or they cannot be read.
    """
    try:
        _drop(model.graph)
    except (IndexError, KeyError, TypeError, ValueError) as error:  # spoilt nodes and tensors
        raise ModelError(f"its int8 weights and operators cannot be read: {error}") from error
    return model


def _drop(graph: onnx.GraphProto) -> None:
    _dequantise_weights(graph)
    sources = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "QuantizeLinear"}
    behind = {
        node.output[0]: sources[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in sources
    }
    outputs = {value.name for value in graph.output}
    kept = []
    for node in graph.node:
        if node.output[0] in behind and node.output[0] in outputs:
            del node.input[1:], node.attribute[:]
            node.op_type = "Identity"
        elif node.output[0] in sources or node.output[0] in behind:
            continue
        for place, name in enumerate(node.input):
            node.input[place] = _through(name, behind, sources)
        kept.append(node)
    left = sorted(
        {n.op_type for n in kept if "Quantize" in n.op_type or n.op_type.startswith("QLinear")}
    )
    refuse(bool(left), f"int8 operators of a form not known here: {', '.join(left)}", ModelError)
    _keep(graph, kept)


def _through(name: str, behind: dict[str, str], sources: dict[str, str]) -> str:
    """What a value was before it was quantised, however often."""
    while name in behind or name in sources:
        name = behind.get(name) or sources[name]
    return name


def _dequantise_weights(graph: onnx.GraphProto) -> None:
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type != "DequantizeLinear" or not set(node.input) <= set(tensors):
            kept.append(node)
            continue
        codes, *others = (numpy_helper.to_array(tensors[name]) for name in node.input)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [1] * codes.ndim
        if others[0].size > 1:
            shape[axis] = -1
        scale, zero = others[0].reshape(shape), others[1].reshape(shape) if others[1:] else 0
        values = (codes.astype(np.float32) - np.float32(zero)) * scale.astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), node.output[0]))
    _keep(graph, kept)


def _keep(graph: onnx.GraphProto, kept: list[onnx.NodeProto]) -> None:
    """Let a graph have these nodes only, and no tensor that none of them uses."""
    stay = list(kept)
    del graph.node[:]
    graph.node.extend(stay)
    used = {name for node in graph.node for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(tensors)


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let a float32 network compute in float16, in place; its inputs and outputs stay float32.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    onnx.ModelProto
        The same object.

    Raises
    ------
    ModelError
        If it has inner graphs, or a weight too large for float16.
    """
    graph = model.graph
    refuse(len(list(nodes(graph))) > len(graph.node), "a network with inner graphs", ModelError)
    spared = {
        node.input[place]
        for node in graph.node
        for place in FLOAT_INPUTS.get(node.op_type, ())
        if place < len(node.input)
    }
    for tensor in graph.initializer:
        if tensor.name not in spared:
            _halve(tensor)
    for node in graph.node:
        if not set(node.output) & spared:
            _halve_attributes(node)
    _cast_ends(graph)
    del graph.value_info[:]
    return model


def _halve(tensor: onnx.TensorProto) -> None:
    from onnx import numpy_helper

    if tensor.data_type != FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    too_large = bool(values.size) and float(np.abs(values).max()) > LARGEST_HALF
    refuse(too_large, f"weight {tensor.name!r} is too large for float16", ModelError)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))


def _halve_attributes(node: onnx.NodeProto) -> None:
    """What a node makes of itself: constants, and casts to float32."""
    from onnx import numpy_helper

    for attribute in node.attribute:
        if attribute.name == "to" and node.op_type == "Cast" and attribute.i == FLOAT:
            attribute.i = HALF
        elif attribute.HasField("t"):
            _halve(attribute.t)
        elif node.op_type == "Constant" and attribute.name == "value_float":
            half = numpy_helper.from_array(np.array(attribute.f, dtype=np.float16))
            attribute.Clear()
            attribute.name, attribute.type = "value", 4  # a tensor
            attribute.t.CopyFrom(half)


def _cast_ends(graph: onnx.GraphProto) -> None:
    """Casts behind every input and before every output."""
    from onnx import helper

    names = {value.name: f"{value.name}.half" for value in (*graph.input, *graph.output)}
    for node in graph.node:
        for ends in (node.input, node.output):
            for place, name in enumerate(ends):
                ends[place] = names.get(name, name)
    first = [helper.make_node("Cast", [v.name], [names[v.name]], to=HALF) for v in graph.input]
    last = [helper.make_node("Cast", [names[v.name]], [v.name], to=FLOAT) for v in graph.output]
    between = list(graph.node)
    del graph.node[:]
    graph.node.extend([*first, *between, *last])
