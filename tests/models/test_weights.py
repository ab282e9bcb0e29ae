"""Weights as int8: near, small, and float32 again before an engine sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from genrescope.models.weights import expand_weights, quantise, store_weights_int8
from genrescope.types import FloatArray, ModelError
from tests import onnx_models


def normal(*shape: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def layer(kind: str, weight: FloatArray, opset: int = 19, **attributes: Any) -> onnx.ModelProto:
    """One layer with its weight."""
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "w"], ["y"], **attributes)],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None] * weight.ndim)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * weight.ndim)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def tensors(model: onnx.ModelProto) -> dict[str, Any]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def evaluate(model: onnx.ModelProto, x: FloatArray) -> FloatArray:
    given: Any = ReferenceEvaluator(model).run(None, {"x": x})
    return np.asarray(given[0], dtype=np.float32)


LAYERS: dict[str, tuple[onnx.ModelProto, FloatArray, int]] = {
    "conv": (layer("Conv", normal(40, 8, 3, 3)), normal(2, 8, 5, 5), 40),
    "gemm": (layer("Gemm", normal(64, 96)), normal(3, 64), 96),
    "gemm transposed": (layer("Gemm", normal(96, 64), transB=1), normal(3, 64), 96),
    "matmul": (layer("MatMul", normal(64, 96)), normal(3, 64), 96),
    "stacked matmul": (layer("MatMul", normal(2, 64, 96)), normal(2, 3, 64), 96),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_of_layer(name: str) -> None:
    model, x, channels = LAYERS[name]
    stored = store_weights_int8(model)
    assert tensors(stored)["w.int8"].dtype == np.int8
    assert tensors(stored)["w.scale"].shape == (channels,)
    assert "w" in tensors(model)
    exact, near = evaluate(model, x), evaluate(stored, x)
    assert np.abs(near - exact).max() < 0.02 * np.abs(exact).max()
    expanded = expand_weights(stored)
    assert set(tensors(expanded)) == {"w"}
    assert [node.op_type for node in expanded.graph.node] == [model.graph.node[0].op_type]
    np.testing.assert_allclose(evaluate(expanded, x), near, atol=1e-4)


def test_a_quarter_of_the_bytes() -> None:
    model = layer("Gemm", normal(512, 512))
    assert store_weights_int8(model).ByteSize() < 0.26 * model.ByteSize()


def test_a_shared_weight_is_stored_once() -> None:
    model = layer("MatMul", normal(64, 64))
    model.graph.node[0].output[0] = "middle"
    model.graph.node.append(helper.make_node("MatMul", ["middle", "w"], ["y"]))
    stored = store_weights_int8(model)
    assert sorted(tensors(stored)) == ["w.int8", "w.scale"]
    assert [n.op_type for n in stored.graph.node] == ["DequantizeLinear", "MatMul", "MatMul"]
    onnx.checker.check_model(stored)


@pytest.mark.parametrize("weight", [normal(8, 8), normal(2048), normal(64, 64).astype(np.float64)])
def test_what_stays_as_it_is(weight: FloatArray) -> None:
    model = layer("MatMul", weight)
    assert store_weights_int8(model) == model


def test_what_cannot_be_stored() -> None:
    weight = normal(64, 64)
    weight[3, 4] = np.nan
    with pytest.raises(ModelError, match="'w' is not finite"):
        store_weights_int8(layer("MatMul", weight))
    with pytest.raises(ModelError, match="too old"):
        store_weights_int8(layer("MatMul", normal(64, 64), opset=11))


@pytest.mark.parametrize(("axis", "folded"), [(-1, True), (1, True), (5, False)])
def test_axes_that_others_write(axis: int, folded: bool) -> None:
    stored = store_weights_int8(layer("MatMul", normal(64, 96)))
    stored.graph.node[0].attribute[0].i = axis
    assert ("w" in tensors(expand_weights(stored))) == folded


def test_other_kinds_of_dequantisation_are_left_to_the_engine() -> None:
    stored = store_weights_int8(layer("MatMul", normal(64, 96)))
    zero = numpy_helper.from_array(np.zeros(96, dtype=np.int8), "w.zero")
    stored.graph.initializer.append(zero)
    stored.graph.node[0].input.append("w.zero")
    before = stored.SerializeToString()
    assert expand_weights(stored).SerializeToString() == before


def test_int8_is_smaller_and_near() -> None:
    stored = store_weights_int8(onnx_models.graph())
    names = {tensor.name for tensor in stored.graph.initializer}
    assert {"kernel.int8", "kernel.scale"} <= names
    assert "kernel" not in names
    onnx.checker.check_model(stored)
    expanded = expand_weights(stored)
    tensors = {t.name: numpy_helper.to_array(t) for t in expanded.graph.initializer}
    kernel = onnx_models.weights(0, 5)[0]
    step = np.abs(kernel).max(axis=(1, 2, 3)) / 127
    assert (np.abs(tensors["kernel"] - kernel).max(axis=(1, 2, 3)) <= step / 2 + 1e-7).all()
    assert not [n for n in expanded.graph.node if n.op_type == "DequantizeLinear"]


@pytest.mark.parametrize("axis", [0, 1])
def test_codes_and_scales(axis: int) -> None:
    values = np.random.default_rng(0).standard_normal((6, 9)).astype(np.float32)
    values[(slice(None), 2) if axis else (2, slice(None))] = 0
    codes, scales = quantise(values, axis)
    assert scales.shape == (values.shape[axis],)
    assert np.abs(codes).max() == 127
    restored = codes * (scales[None, :] if axis else scales[:, None])
    np.testing.assert_allclose(restored, values, atol=float(scales.max()) / 2 + 1e-7)


def test_networks_that_compute_in_int8_are_left_alone() -> None:
    stored = store_weights_int8(onnx_models.graph())
    inputs = ["picture", "kernel.scale"]
    stored.graph.node.append(helper.make_node("QuantizeLinear", inputs, ["codes"]))
    before = stored.SerializeToString()
    assert expand_weights(stored).SerializeToString() == before


def test_a_channel_next_to_nothing_becomes_nothing() -> None:
    codes, scales = quantise(np.full((2, 3), 1e-44, dtype=np.float32), 0)
    assert not codes.any()
    assert np.array_equal(scales, [1, 1])
