"""What a network's last layer is given: the vector that describes a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

EMBEDDING = "embedding"
"""The output's name."""

MEAN = f"{EMBEDDING}_mean"

WEIGHING = frozenset({"Conv", "Gemm", "MatMul"})
PASSING = frozenset(
    {
        *("Add", "Sub", "Identity", "Cast", "Dropout"),
        *("ReduceSum", "ReduceMean", "GlobalAveragePool", "Flatten", "Reshape", "Squeeze"),
    }
)
"""What may stand between the last weights and the logits."""

AXES_AS_INPUT = 18
"""ReduceMean takes its axes as an input from this operator set on."""


def add_embedding(model: onnx.ModelProto) -> bool:
    """Give a network one output more: what its last weights are multiplied with.

    A map of features (the input of a 1 × 1 convolution) is averaged over its places, as the
    networks here do before their last layer.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Returns
    -------
    bool
        Whether such an output was found. A network that ends otherwise is left as it is.
    """
    from onnx import TensorProto, helper

    graph = model.graph
    last = _last_weights(graph)
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    if last is None or any(name.startswith(EMBEDDING) for name in taken):
        return False
    described = last.input[0]
    if last.op_type == "Conv":
        version = max(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
        graph.node.extend(_mean(described, version))
        described = MEAN
    graph.node.append(helper.make_node("Cast", [described], [EMBEDDING], to=TensorProto.FLOAT))
    shape = ["batch", "features"]
    graph.output.append(helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, shape))
    return True


def _last_weights(graph: onnx.GraphProto) -> onnx.NodeProto | None:
    """The node that multiplies with weights last, where nothing but sums and means follows it."""
    made = {output: node for node in graph.node for output in node.output}
    constants = {one.name for one in graph.initializer}
    name = "logits"
    for _ in range(len(graph.node)):
        node = made.get(name)
        if node is None:
            return None
        if node.op_type in WEIGHING:
            return node if _is_head(node, graph) else None
        flowing = [one for one in node.input if one in made and one not in constants]
        flowing = [one for one in flowing if made[one].op_type != "Constant"]
        if node.op_type not in PASSING or len(flowing) != 1:
            return None
        name = flowing[0]
    return None


def _is_head(node: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
    """A matrix product, or a convolution that looks at one place at a time."""
    if node.op_type != "Conv":
        return not any(one.name == "transA" and one.i for one in node.attribute)
    told = {one.name: one for one in node.attribute}
    if "group" in told and told["group"].i != 1:
        return False
    sizes = [list(one.dims[2:]) for one in graph.initializer if one.name == node.input[1]]
    if "kernel_shape" in told:
        sizes = [list(told["kernel_shape"].ints)]
    return sizes == [[1, 1]]


def _mean(features: str, version: int) -> list[onnx.NodeProto]:
    from onnx import TensorProto, helper

    if version < AXES_AS_INPUT:
        return [helper.make_node("ReduceMean", [features], [MEAN], axes=[2, 3], keepdims=0)]
    axes = helper.make_tensor(f"{EMBEDDING}_axes", TensorProto.INT64, [2], [2, 3])
    return [
        helper.make_node("Constant", [], [axes.name], value=axes),
        helper.make_node("ReduceMean", [features, axes.name], [MEAN], keepdims=0),
    ]
