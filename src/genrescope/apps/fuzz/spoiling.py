"""Ways to spoil a network: each changes an ONNX model in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from genrescope.apps.fuzz.mutations import VALUES

if TYPE_CHECKING:
    import onnx

Spoil = Callable[["onnx.ModelProto", np.random.Generator], None]
OPERATORS = (
    *("Conv", "MatMul", "Relu", "Reshape", "Transpose", "Gather", "Concat", "Slice", "Split"),
    *("Tile", "Resize", "Pad", "ConvTranspose", "Cast", "Einsum", "TopK", "NonZero", "Guess"),
    *("LSTM", "Softmax", "ReduceMean", "GlobalAveragePool", "Unique", "Identity", "Shape"),
)


def _of(field: Any, generator: np.random.Generator) -> Any:
    return field[int(generator.integers(len(field)))]


def other_operator(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A node does something else with what it has."""
    _of(model.graph.node, generator).op_type = str(generator.choice(OPERATORS))


def other_input(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A node takes what another gives, what comes later, or what is not there."""
    node, other = _of(model.graph.node, generator), _of(model.graph.node, generator)
    if node.input:
        name = _of([*other.output, "picture", "nowhere", ""], generator)
        node.input[int(generator.integers(len(node.input)))] = name


def other_attribute(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A number among a node's attributes is another: strides, groups, axes, pads."""
    node = _of(model.graph.node, generator)
    if not node.attribute:
        return
    attribute = _of(node.attribute, generator)
    value = int(generator.choice([-1, 0, 1, 2, 3, 7, 1000, 2**20, 2**31, 2**62, -(2**62)]))
    if attribute.ints:
        attribute.ints[int(generator.integers(len(attribute.ints)))] = value
    else:
        attribute.i = value


def drop_node(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A node is missing."""
    del model.graph.node[int(generator.integers(len(model.graph.node)))]


def twice(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A node stands there twice, so that two give the same name."""
    model.graph.node.append(_of(model.graph.node, generator))


def other_shape(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A weight states another shape than its bytes make up."""
    tensor = _of(model.graph.initializer, generator)
    if tensor.dims:
        place = int(generator.integers(len(tensor.dims)))
        tensor.dims[place] = min(int(generator.choice(VALUES)), 2**63 - 1)


def other_type(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A weight's bytes are of another type."""
    _of(model.graph.initializer, generator).data_type = int(generator.integers(-1, 30))


def no_bytes(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A weight has lost its bytes."""
    _of(model.graph.initializer, generator).ClearField("raw_data")


def outside(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A weight lies in another file."""
    tensor = _of(model.graph.initializer, generator)
    tensor.data_location = 1
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", str(generator.choice(["/etc/passwd", "../x", "x.bin"]))


def no_number(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A weight in floating point holds what is no number."""
    tensor = _of([t for t in model.graph.initializer if t.data_type == 1], generator)
    if tensor.raw_data:
        tensor.raw_data = np.float32(np.nan).tobytes() * (len(tensor.raw_data) // 4)


def grow(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """The picture is blown up before the first node sees it."""
    from onnx import helper, numpy_helper

    size = int(generator.choice([2, 64, 2**12, 2**20, 2**31, 2**40]))
    kind = str(generator.choice(["Tile", "Expand", "Resize", "ConstantOfShape", "Pad", "Upsample"]))
    told = np.array([1, 1, size, size], dtype=np.int64)
    if kind == "Resize":
        told = told.astype(np.float32)
    if kind == "Pad":
        told = np.array([0, 0, size, size, 0, 0, 0, 0], dtype=np.int64)
    model.graph.initializer.append(numpy_helper.from_array(told, "told"))
    inputs = {"Resize": ["picture", "", "told"], "ConstantOfShape": ["told"]}
    made = helper.make_node(kind, inputs.get(kind, ["picture", "told"]), ["grown"])
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "picture":
                node.input[place] = "grown"
    model.graph.node.insert(0, made)


def nest(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """Networks in networks: loops, branches, scans, nearly as deep as a file can say."""
    from onnx import helper, numpy_helper

    depth = int(generator.choice([1, 5, 15, 24]))
    kind = str(generator.choice(["If", "Loop", "Scan"]))
    inner = helper.make_graph([], "inner", [], [])
    for _ in range(depth):
        node = helper.make_node(kind, ["many"], ["nested"], body=inner)
        inner = helper.make_graph([node], "inner", [], [])
    model.graph.initializer.append(numpy_helper.from_array(np.array(2**40), "many"))
    model.graph.node.insert(0, helper.make_node(kind, ["many"], ["nested"], body=inner))


def many_nodes(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A chain of tens of thousands of nodes, which whoever recurses does not survive."""
    from onnx import helper

    name = "picture"
    count = int(generator.choice([1_000, 20_000, 60_000]))
    for place in range(count):
        model.graph.node.append(helper.make_node("Relu", [name], [f"chain{place}"]))
        name = f"chain{place}"


def other_card(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """A card, or a list of labels, that is too long, too deep, doubled, or no text."""
    entry = _of(model.metadata_props, generator)
    choice = int(generator.integers(5))
    if choice == 0:
        entry.value += " " * 2**21
    elif choice == 1:
        entry.value = "[" * 100_000
    elif choice == 2:
        model.metadata_props.append(entry)
    elif choice == 3:
        place = int(generator.integers(len(entry.value)))
        entry.value = entry.value[:place] + "9" * 5000 + entry.value[place:]
    else:
        place = int(generator.integers(len(entry.value)))
        entry.value = (
            entry.value[:place] + chr(int(generator.integers(1, 0x7F))) + entry.value[place + 1 :]
        )


def other_promise(model: onnx.ModelProto, generator: np.random.Generator) -> None:
    """Inputs, outputs or operator sets that are others than the network's."""
    choice = int(generator.integers(4))
    value = _of([*model.graph.input, *model.graph.output], generator)
    if choice == 0:
        value.name = str(generator.choice(["picture", "logits", "cam", "x", ""]))
    elif choice == 1 and value.type.tensor_type.shape.dim:
        _of(value.type.tensor_type.shape.dim, generator).dim_value = int(
            generator.choice([-1, 0, 1, 2, 2**31, 2**62])
        )
    elif choice == 2:
        model.opset_import[0].version = int(generator.choice([-1, 0, 13, 17, 24, 25, 2**40]))
    else:
        model.functions.add().name = "own"


SPOILS: dict[str, Spoil] = {
    made.__name__: made
    for made in (
        *(other_operator, other_input, other_attribute, drop_node, twice, other_shape),
        *(other_type, no_bytes, outside, no_number, grow, nest, many_nodes, other_card),
        other_promise,
    )
}
