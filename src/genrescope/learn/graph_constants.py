"""Weights of an ONNX graph as arrays, however they are written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx


class Constants:
    """What a graph holds that does not depend on its input.

    Parameters
    ----------
    graph : onnx.GraphProto
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = {name: node for node in graph.node for name in node.output}

    def knows(self, name: str) -> bool:
        """Whether that value is a constant that `read` reads."""
        if name in self._tensors:
            return True
        node = self._nodes.get(name)
        if node is None:
            return False
        if node.op_type == "Constant":
            return any(attribute.name == "value" for attribute in node.attribute)
        readable = node.op_type in ("Identity", "DequantizeLinear")
        return readable and all(part in self._tensors for part in node.input if part)

    def read(self, name: str) -> np.ndarray:
        """The array of that name; int8 codes are turned into what they stand for.

        Raises
        ------
        KeyError
            If it is no constant.
        """
        from onnx import numpy_helper

        if name in self._tensors:
            return np.asarray(numpy_helper.to_array(self._tensors[name]))
        if not self.knows(name):
            raise KeyError(f"{name!r} is no weight")
        node = self._nodes[name]
        if node.op_type == "Constant":
            value = next(a.t for a in node.attribute if a.name == "value")
            return np.asarray(numpy_helper.to_array(value))
        if node.op_type == "Identity":
            return self.read(node.input[0])
        return self._dequantise(node)

    def _dequantise(self, node: onnx.NodeProto) -> np.ndarray:
        codes, scales = (self.read(name) for name in node.input[:2])
        zero = self.read(node.input[2]) if len(node.input) > 2 and node.input[2] else 0
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [1] * codes.ndim
        if np.size(scales) > 1:
            shape[axis] = -1
        steps = codes.astype(np.float32) - np.asarray(zero, dtype=np.float32).reshape(
            shape if np.size(zero) > 1 else [1] * codes.ndim
        )
        return np.asarray(steps * scales.reshape(shape), dtype=np.float32)
