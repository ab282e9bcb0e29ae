"""What a network would take to run, reckoned before any engine sees it.

A file of a kilobyte can ask for a terabyte: `Tile`, `Expand`, `ConstantOfShape`, `Resize` and the
like make large tensors of small ones, and loops repeat that. So no graph may hold another, every
tensor's size must follow from the picture's, and sizes and multiplications are summed up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from genrescope.types import ModelError, refuse

if TYPE_CHECKING:
    import onnx

MOST_NODES = 50_000
MOST_VALUES = 2**27
"""In one tensor that the network reckons: 512 MiB of float32."""

MOST_VALUES_TOGETHER = 2**30
"""In all of them, for one picture: forty times what DenseNet121 or MusiCNN has."""

MOST_MULTIPLICATIONS = 2**40
"""For one picture, where they are counted (`Conv`, `Gemm`, `MatMul`): DenseNet121 takes 2**30."""

KEPT_VALUES = 4096
"""Constants up to this size may say shapes; larger ones are weights, and left out."""

TYPES = {
    1: 32,
    2: 8,
    3: 8,
    4: 16,
    5: 16,
    6: 32,
    7: 64,
    9: 8,
    10: 16,
    11: 64,
    12: 32,
    13: 64,
    16: 16,
}
"""Bits of a value, by ONNX's number of its type. Text, complex numbers and floating point of 4 and
8 bits are not run here."""


def check_bounds(model: onnx.ModelProto) -> None:
    """Refuse a network that takes more than any that looks at pictures does.

    Parameters
    ----------
    model : onnx.ModelProto
        That `genrescope.models.graph.check_graph` found in order.

    Raises
    ------
    ModelError
        If graphs are nested, a tensor's bytes do not make up its shape, a size cannot be told
        beforehand, or there is too much of something.
    """
    graph = model.graph
    refuse(len(graph.node) > MOST_NODES, f"more than {MOST_NODES} operators", ModelError)
    for node in graph.node:
        nested = any(a.HasField("g") or len(a.graphs) for a in node.attribute)
        refuse(nested, f"operator {node.op_type} holds a network of its own", ModelError)
    for tensor in graph.initializer:
        _check_bytes(tensor)
    refuse(bool(graph.sparse_initializer), "weights that are stored sparsely", ModelError)
    _check_sizes(_shapes(model), graph)


def _check_bytes(tensor: onnx.TensorProto) -> None:
    """Hold the bytes that are there against the shape that is stated."""
    name = tensor.name
    refuse(
        tensor.data_type not in TYPES, f"weights {name!r} are of a type not run here", ModelError
    )
    refuse(any(size < 0 for size in tensor.dims), f"weights {name!r} have no shape", ModelError)
    count = math.prod(tensor.dims)
    if tensor.HasField("raw_data"):
        there = len(tensor.raw_data) * 8 // TYPES[tensor.data_type]
    else:
        there = max(
            len(of)
            for of in (
                *(tensor.float_data, tensor.int32_data, tensor.int64_data),
                *(tensor.double_data, tensor.uint64_data),
            )
        )
    if there != count:
        raise ModelError(f"weights {name!r} state {count} values and hold {there}")


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Name to shape of all that the network reckons for one picture; 0 where it cannot be told."""
    import onnx

    plain = _without_weights(model)
    try:
        onnx.checker.check_model(plain)
        inferred = onnx.shape_inference.infer_shapes(plain, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"the network contradicts itself: {_first_line(error)}") from error
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise ModelError(f"the network cannot be followed: {_first_line(error)}") from error
    graph = inferred.graph
    shapes = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        shapes[value.name] = tuple(int(one.dim_value) for one in kind.shape.dim)
    return shapes


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network for one picture, its weights turned into inputs of their shapes."""
    import onnx
    from onnx import helper

    plain = onnx.ModelProto()
    plain.ir_version = max(4, model.ir_version)
    plain.opset_import.extend(model.opset_import)
    graph = plain.graph
    graph.name = model.graph.name or "network"
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    weights = {tensor.name for tensor in model.graph.initializer}
    graph.input.extend(value for value in model.graph.input if value.name not in weights)
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= KEPT_VALUES:
            graph.initializer.append(tensor)
        else:
            made = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            graph.input.append(made)
    for value in (*graph.input, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims and not dims[0].HasField("dim_value"):
            dims[0].dim_value = 1  # any number of pictures, and one is looked at
    return plain


def _check_sizes(shapes: dict[str, tuple[int, ...]], graph: onnx.GraphProto) -> None:
    for tensor in graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
    values = multiplications = 0
    for node in graph.node:
        for name in filter(None, node.output):
            shape = shapes.get(name)
            if shape is None or 0 in shape:
                raise ModelError(f"the size of what {node.op_type} gives cannot be told beforehand")
            size = math.prod(shape)
            values += size
            refuse(size > MOST_VALUES, f"{node.op_type} gives {size:,} values", ModelError)
        multiplications += _multiplications(node, shapes)
    refuse(values > MOST_VALUES_TOGETHER, f"it reckons {values:,} values a picture", ModelError)
    refuse(
        multiplications > MOST_MULTIPLICATIONS,
        f"it takes {multiplications:.1e} multiplications a picture",
        ModelError,
    )


def _multiplications(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type not in ("Conv", "Gemm", "MatMul") or len(node.input) < 2:
        return 0
    weights = shapes.get(node.input[1], ())
    each = math.prod(weights[1:]) if node.op_type == "Conv" else max(weights[-2:], default=1)
    return math.prod(shapes[node.output[0]]) * each


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
