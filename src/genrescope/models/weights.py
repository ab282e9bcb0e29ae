"""Weights as int8: a quarter of the bytes in the file, float32 again before an engine sees them.

Engines keep the dequantisation of such weights in the graph and compute it at every inference,
which measured two to three times slower than float32; so it is computed once, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genrescope.models.graph import computes_in_int8, nodes
from genrescope.types import FloatArray, ModelError, refuse

if TYPE_CHECKING:
    import onnx

LEAST_VALUES = 1024
"""Smaller tensors stay in float32: they weigh nothing and often matter."""

LEAST_LARGEST = 1e-30
"""A channel whose values are all nearer to 0 becomes 0: its scale could not be written down."""

LEAST_OPSET = 13
"""The first in which DequantizeLinear takes a scale a channel."""


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

    Raises
    ------
    ModelError
        If the operator set is too old, or a weight is no finite number.
    """
    import onnx
    from onnx import helper, numpy_helper

    old = [e.version for e in model.opset_import if e.domain == "" and e.version < LEAST_OPSET]
    refuse(
        bool(old), f"operator set {old} is too old: export with {LEAST_OPSET} or later", ModelError
    )
    stored = onnx.ModelProto()
    stored.CopyFrom(model)
    graph = stored.graph
    axes = _channel_axes(graph)
    dequantising, tensors = [], []
    for tensor in graph.initializer:
        name, axis = tensor.name, axes.get(tensor.name)
        values = numpy_helper.to_array(tensor) if axis is not None else None
        if axis is None or values is None or not _worth_storing(values):
            tensors.append(tensor)
            continue
        refuse(not np.isfinite(values).all(), f"weight {name!r} is not finite", ModelError)
        codes, scales = quantise(values, axis % values.ndim)
        tensors.append(numpy_helper.from_array(codes, f"{name}.int8"))
        tensors.append(numpy_helper.from_array(scales, f"{name}.scale"))
        inputs = [f"{name}.int8", f"{name}.scale"]
        made = helper.make_node("DequantizeLinear", inputs, [name], axis=axis % values.ndim)
        dequantising.append(made)
    _replace(graph.initializer, tensors)
    _replace(graph.node, [*dequantising, *graph.node])
    return stored


def _worth_storing(values: np.ndarray) -> bool:
    return values.dtype == np.float32 and values.ndim >= 2 and values.size >= LEAST_VALUES


def _replace(field: Any, entries: list[Any]) -> None:
    kept = list(entries)  # deleting from the field leaves the entries themselves alone
    del field[:]
    field.extend(kept)


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

    Raises
    ------
    ModelError
        If a weight's bytes do not make up its shape, or its scale makes it infinite.
    """
    graph = model.graph
    if computes_in_int8(graph):
        return model
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kept, done = [], set()
    for node in graph.node:
        inside = node.op_type == "DequantizeLinear" and set(node.input) <= set(tensors)
        made = _expanded(node, [tensors[name] for name in node.input]) if inside else None
        if made is None:
            kept.append(node)
        else:
            graph.initializer.append(made)
            done.update(node.input)
    _replace(graph.node, kept)
    spent = done - {name for node in nodes(graph) for name in node.input}
    _replace(graph.initializer, [t for t in graph.initializer if t.name not in spent])
    return model


def _expanded(node: onnx.NodeProto, inputs: list[onnx.TensorProto]) -> onnx.TensorProto | None:
    """One weight in float32, with what is wrong with its tensors as a sentence."""
    from onnx import numpy_helper

    name = node.output[0] if node.output else "(without a name)"
    try:
        values = _dequantised(node, inputs)
        made = None if values is None else numpy_helper.from_array(values, name)
    except (ValueError, TypeError, KeyError) as error:  # what onnx raises for spoilt tensors
        raise ModelError(f"weight {name!r} cannot be read: {error}") from error
    refuse(
        values is not None and not np.isfinite(values).all(),
        f"weight {name!r} is not finite",
        ModelError,
    )
    return made


def _dequantised(node: onnx.NodeProto, inputs: list[onnx.TensorProto]) -> FloatArray | None:
    """What one node dequantises; None where `store_weights_int8` makes no such node."""
    from onnx import numpy_helper

    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    if len(inputs) != 2 or set(attributes) - {"axis"}:
        return None
    codes, scales = (numpy_helper.to_array(tensor) for tensor in inputs)
    axis = attributes.get("axis", 1)
    if codes.dtype != np.int8 or scales.dtype != np.float32 or not -codes.ndim <= axis < codes.ndim:
        return None
    if scales.size not in (1, codes.shape[axis]):
        return None
    shape = [1] * codes.ndim
    shape[axis] = -1
    with np.errstate(over="ignore", invalid="ignore"):
        values: FloatArray = codes.astype(np.float32) * scales.reshape(shape)
    return values


def _channel_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """Name of every weight to the axis of its output channels."""
    axes: dict[str, int] = {}
    for node in graph.node:
        axis = _channel_axis(node)
        if axis is not None and len(node.input) > 1:
            axes.setdefault(node.input[1], axis)
    return axes


def _channel_axis(node: onnx.NodeProto) -> int | None:
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm" and any(a.name == "transB" and a.i for a in node.attribute):
        return 0
    return -1 if node.op_type in ("Gemm", "MatMul") else None


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
    scales = np.where(largest > LEAST_LARGEST, largest / 127, 1.0).astype(np.float32)
    codes = np.clip(np.rint(values / scales), -127, 127).astype(np.int8)
    return codes, scales.reshape(-1)
