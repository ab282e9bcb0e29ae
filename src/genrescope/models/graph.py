"""Looking through a network's graph for what may not be run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genrescope.types import ModelError, refuse

if TYPE_CHECKING:
    import onnx

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
LEAST_OPSET, MOST_OPSET = 13, 24


def check_graph(model: onnx.ModelProto) -> None:
    """Refuse what reaches beyond the file or beyond ONNX's own operators.

    Parameters
    ----------
    model : onnx.ModelProto

    Raises
    ------
    ModelError
        For an operator or operator set that is not ONNX's, functions or training steps that the
        file brings, and weights that lie outside it, wherever in the graph they hide.
    """
    refuse(bool(model.functions), "a file that brings functions of its own is not run", ModelError)
    refuse(bool(model.training_info), "a file that brings training steps is not run", ModelError)
    _check_operator_sets(model)
    for node in nodes(model.graph):
        if node.domain not in STANDARD_DOMAINS:
            raise ModelError(f"operator {node.domain}.{node.op_type} is not run here")
    for tensor in _tensors(model.graph):
        outside = tensor.data_location != 0 or len(tensor.external_data) > 0
        refuse(
            outside,
            f"weights of {tensor.name!r} lie outside the file; save it with all weights inside",
            ModelError,
        )


def _check_operator_sets(model: onnx.ModelProto) -> None:
    versions = []
    for entry in model.opset_import:
        if entry.domain not in STANDARD_DOMAINS:
            raise ModelError(f"operators of domain {entry.domain!r} are not run here")
        if entry.domain in ("", "ai.onnx"):
            versions.append(entry.version)
    refuse(not versions, "the file does not say which ONNX operator set it uses", ModelError)
    for version in versions:
        refuse(
            not LEAST_OPSET <= version <= MOST_OPSET,
            f"ONNX operator set {version} is not known here ({LEAST_OPSET} to {MOST_OPSET} are)",
            ModelError,
        )


def nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those of inner graphs too."""
    for inner in _graphs(graph):
        yield from inner.node


def computes_in_int8(graph: onnx.GraphProto) -> bool:
    """Whether activations are quantised, not weights alone."""
    return any(node.op_type == "QuantizeLinear" for node in nodes(graph))


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and all graphs inside it, with no recursion that a deep file could exhaust."""
    waiting = [graph]
    while waiting:
        current = waiting.pop()
        yield current
        for node in current.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every tensor: initializers, sparse ones, and those in attributes."""
    for inner in _graphs(graph):
        yield from inner.initializer
        for sparse in inner.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in inner.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                sparse_ones = list(attribute.sparse_tensors)
                if attribute.HasField("sparse_tensor"):
                    sparse_ones.append(attribute.sparse_tensor)
                for sparse in sparse_ones:
                    yield from (sparse.values, sparse.indices)
