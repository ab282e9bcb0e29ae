"""Weights as int8: a quarter of the bytes in the file, float32 again before an engine sees them.

Engines keep the dequantisation of such weights in the graph and compute it at every inference,
which measured two to three times slower than float32; so it is computed once, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genrescope.types import FloatArray

if TYPE_CHECKING:
    import onnx

LEAST_VALUES = 1024
"""Smaller tensors stay in float32: they weigh nothing and often matter."""

CHANNEL_AXIS = {"Conv": 0, "MatMul": 1}


def store_weights_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a network whose weights are int8, symmetric, one scale an output channel.

    Parameters
    ----------
    model : onnx.ModelProto
        Operator set 13 or later, weights in float32 initializers.

    Returns
    -------
    onnx.ModelProto
        Every weight of a Conv, Gemm or MatMul comes from a DequantizeLinear node.
    """
    import onnx
    from onnx import helper, numpy_helper

    stored = onnx.ModelProto()
    stored.CopyFrom(model)
    graph = stored.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes, done = [], set()
    for node in graph.node:
        axis = _channel_axis(node)
        name = node.input[1] if axis is not None and len(node.input) > 1 else ""
        values = numpy_helper.to_array(weights[name]) if name in weights else None
        fits = values is not None and values.dtype == np.float32 and values.size >= LEAST_VALUES
        if fits and values is not None and axis is not None and name not in done:
            codes, scales = quantise(values, axis)
            graph.initializer.remove(weights[name])
            graph.initializer.append(numpy_helper.from_array(codes, f"{name}.int8"))
            graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scale"))
            inputs = [f"{name}.int8", f"{name}.scale"]
            nodes.append(helper.make_node("DequantizeLinear", inputs, [name], axis=axis))
            done.add(name)
    ordered = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(ordered)
    return stored


def expand_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Turn weights that are merely stored as int8 into float32, in place.

    A network that also quantises its activations (QuantizeLinear) computes in int8 and is left
    as it is.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    onnx.ModelProto
        The same object.
    """
    from onnx import numpy_helper

    graph = model.graph
    if any(node.op_type == "QuantizeLinear" for node in graph.node):
        return model
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in [n for n in graph.node if n.op_type == "DequantizeLinear"]:
        if len(node.input) != 2 or not set(node.input) <= set(tensors):
            continue
        codes, scales = (numpy_helper.to_array(tensors[name]) for name in node.input)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [-1 if i == axis else 1 for i in range(codes.ndim)]
        values = codes.astype(np.float32) * scales.reshape(shape)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    return model


def _channel_axis(node: onnx.NodeProto) -> int | None:
    if node.op_type == "Gemm":
        return 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
    return CHANNEL_AXIS.get(node.op_type)


def quantise(values: FloatArray, axis: int) -> tuple[np.ndarray, FloatArray]:
    """Codes in [-127, 127] and one scale a channel.

    Parameters
    ----------
    values : ndarray of float32
    axis : int
        Of the channels.

    Returns
    -------
    codes : ndarray of int8, same shape
    scales : ndarray of float32, shape (values.shape[axis],)
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scales = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    codes = np.clip(np.rint(values / scales), -127, 127).astype(np.int8)
    return codes, scales.reshape(-1)
