"""What a network would take to run, reckoned before any engine sees it.

A file of a kilobyte can ask for a terabyte: `Tile`, `Expand`, `ConstantOfShape`, `Resize` and the
like make large tensors of small ones, and loops repeat that. So no graph may hold another, every
tensor's size must follow from the picture's, and sizes and multiplications are summed up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

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

RECKONED = frozenset(
    [
        *("Constant", "ConstantOfShape", "Identity", "Cast", "Range", "Reshape", "Expand"),
        *("Gather", "Concat", "Unsqueeze", "Squeeze", "Slice", "Where", "ReduceProd"),
        *("Add", "Sub", "Mul", "Div", "Mod", "Neg", "Floor", "Min", "Max"),
        *("Equal", "Less", "Greater", "Not", "And", "Or"),
    ]
)
"""Operators that exporters reckon shapes with, besides `Shape`."""

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
    try:
        _check_parts(model.graph)
        plain = _without_weights(model)
    except (UnicodeError, TypeError) as error:  # protobuf hands over as bytes what is no text
        raise ModelError("names inside the file are no text in UTF-8") from error
    _check_sizes(plain)


def _check_parts(graph: onnx.GraphProto) -> None:
    """What can be told of nodes and weights one by one."""
    refuse(len(graph.node) > MOST_NODES, f"more than {MOST_NODES} operators", ModelError)
    for node in graph.node:
        nested = any(a.HasField("g") or len(a.graphs) for a in node.attribute)
        refuse(nested, f"operator {node.op_type} holds a network of its own", ModelError)
    for tensor in graph.initializer:
        _check_bytes(tensor)
    refuse(bool(graph.sparse_initializer), "weights that are stored sparsely", ModelError)


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


def _check_sizes(plain: onnx.ModelProto) -> None:
    """Follow the network node by node, and let nothing impossible or too large go on to the next.

    ONNX's own inference over a whole graph is not used: a kernel larger than its picture gives it
    a length below 0, which it takes on to the next node, where it aborts the process.
    """
    import onnx

    try:
        onnx.checker.check_model(plain)
        followed = _Followed(plain)
        for node in plain.graph.node:
            followed.take(node)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"the network contradicts itself: {_first_line(error)}") from error
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, MemoryError) as error:
        raise ModelError(f"the network cannot be followed: {_first_line(error)}") from error


class _Followed:
    """Types and sizes of all that a network reckons for one picture, as far as it was followed."""

    def __init__(self, plain: onnx.ModelProto) -> None:
        self._opsets = list(plain.opset_import)
        self._version = {one.domain: one.version for one in self._opsets}
        self._ir_version = plain.ir_version
        self._types = {value.name: value.type for value in plain.graph.input}
        self._known = {tensor.name: tensor for tensor in plain.graph.initializer}
        self._types |= {name: _type_of(tensor) for name, tensor in self._known.items()}
        self._values = self._multiplications = 0

    def take(self, node: onnx.NodeProto) -> None:
        """Say what one node gives; raises `ModelError` where it is too much."""
        import onnx

        schema = onnx.defs.get_schema(node.op_type, self._version[node.domain], node.domain)
        taken = [name for name in node.input if name]
        found = onnx.shape_inference.infer_node_outputs(
            schema,
            node,
            {name: self._types[name] for name in taken},
            {name: self._known[name] for name in taken if name in self._known},
            opset_imports=self._opsets,
            ir_version=self._ir_version,
        )
        least = 0 if self._tells_shapes(node, taken) else 1
        for name in filter(None, node.output):
            kind = found.get(name)
            self._values += _size(kind, node.op_type, least)
            self._types[name] = kind
        shapes = [_shape(self._types[name]) for name in (*node.input[1:2], node.output[0])]
        self._multiplications += _multiplications(node, shapes)
        values, each = self._values, self._multiplications
        refuse(values > MOST_VALUES_TOGETHER, f"it reckons {values:,} values a picture", ModelError)
        refuse(each > MOST_MULTIPLICATIONS, f"it takes {each:.1e} multiplications", ModelError)
        self._reckon(node, taken)

    def _tells_shapes(self, node: onnx.NodeProto, taken: list[str]) -> bool:
        """Whether what it gives is known beforehand: such a list may be empty."""
        return node.op_type in RECKONED and all(name in self._known for name in taken)

    def _reckon(self, node: onnx.NodeProto, taken: list[str]) -> None:
        """Keep the value of what is known already, as shapes that are reckoned from shapes."""
        from onnx import helper, numpy_helper
        from onnx.reference import ReferenceEvaluator

        given_types = [self._types[name] for name in node.output if name]
        small = all(math.prod(_shape(kind)) <= KEPT_VALUES for kind in given_types)
        if node.op_type == "Shape" and len(node.attribute) == 0:
            shape = np.array(_shape(self._types[taken[0]]), dtype=np.int64)
            self._known[node.output[0]] = numpy_helper.from_array(shape, node.output[0])
        elif small and self._tells_shapes(node, taken):
            outputs = [helper.make_value_info(name, self._types[name]) for name in node.output]
            inputs = [helper.make_value_info(name, self._types[name]) for name in taken]
            graph = helper.make_graph([node], "one", inputs, outputs)
            alone = helper.make_model(
                graph, opset_imports=self._opsets, ir_version=self._ir_version
            )
            given = {name: numpy_helper.to_array(self._known[name]) for name in taken}
            for name, value in zip(
                node.output, ReferenceEvaluator(alone).run(None, given), strict=True
            ):
                self._known[name] = numpy_helper.from_array(np.asarray(value), name)


def _type_of(tensor: onnx.TensorProto) -> onnx.TypeProto:
    from onnx import helper

    return helper.make_tensor_type_proto(tensor.data_type, tensor.dims)


def _shape(kind: onnx.TypeProto) -> tuple[int, ...]:
    return tuple(int(one.dim_value) for one in kind.tensor_type.shape.dim)


def _size(kind: onnx.TypeProto | None, operator: str, least: int) -> int:
    """How many values a tensor has; refused where that is not known, none, or too many."""
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        raise ModelError(f"the size of what {operator} gives cannot be told beforehand")
    shape = _shape(kind)
    told = all(one.HasField("dim_value") for one in kind.tensor_type.shape.dim)
    if not told or min(shape, default=1) < least:
        raise ModelError(f"the size of what {operator} gives cannot be told beforehand, or is none")
    size = math.prod(shape)
    refuse(size > MOST_VALUES, f"{operator} gives {size:,} values", ModelError)
    return size


def _multiplications(node: onnx.NodeProto, shapes: list[tuple[int, ...]]) -> int:
    if node.op_type not in ("Conv", "Gemm", "MatMul") or len(shapes) < 2:
        return 0
    weights, given = shapes
    each = math.prod(weights[1:]) if node.op_type == "Conv" else max(weights[-2:], default=1)
    return math.prod(given) * each


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


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
