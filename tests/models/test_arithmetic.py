"""How much a network multiplies, counted by hand, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from genrescope.models.engines import openvino
from genrescope.models.engines._arithmetic import multiply_adds
from tests import onnx_models

PICTURES = np.random.default_rng(0).random((3, 1, onnx_models.SIDE, onnx_models.SIDE))


def network(nodes: list[Any], shape: list[int | str], **weights: tuple[int, ...]) -> Any:
    held = [numpy_helper.from_array(np.ones(s, np.float32), name) for name, s in weights.items()]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "counted", given, made, held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    return openvino._core().read_model(model.SerializeToString())


def test_convolutions_and_products_are_counted() -> None:
    wide = helper.make_node("Conv", ["x", "a"], ["h"], pads=[1, 1, 1, 1])
    apart = helper.make_node("Conv", ["h", "b"], ["y"], group=6, strides=[2, 2])
    both = network([wide, apart], [1, 2, 8, 10], a=(6, 2, 3, 3), b=(6, 1, 3, 3))
    assert multiply_adds(both) == 6 * 8 * 10 * 2 * 9 + 6 * 3 * 4 * 9
    line = network([helper.make_node("Conv", ["x", "a"], ["y"])], [1, 5, 20], a=(7, 5, 4))
    assert multiply_adds(line) == 7 * 17 * 5 * 4
    product = network([helper.make_node("MatMul", ["x", "a"], ["y"])], [3, 11], a=(11, 4))
    assert multiply_adds(product) == 3 * 11 * 4
    turned = helper.make_node("Gemm", ["x", "a"], ["y"], transA=1)
    assert multiply_adds(network([turned], [11, 3], a=(11, 4))) == 3 * 11 * 4
    idle = network([helper.make_node("Relu", ["x"], ["y"])], [1, 2, 8, 8])
    assert multiply_adds(idle) == 0


def test_what_has_no_fixed_shape_is_not_counted() -> None:
    node = helper.make_node("Conv", ["x", "a"], ["y"])
    assert multiply_adds(network([node], ["batch", 2, 8, 8], a=(6, 2, 3, 3))) == 0


@pytest.mark.parametrize(("large", "streams"), [(0, 1), (10**9, 2)])
def test_a_large_network_has_all_processors_for_one_picture(
    large: int, streams: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx_models.write(tmp_path)
    told: list[dict[str, str]] = []
    compiling = openvino._compile

    def compile_and_tell(network: Any, device: str, settings: dict[str, str]) -> Any:
        told.append(settings)
        return compiling(network, device, settings)

    pictures = PICTURES.astype(np.float32)
    expected = openvino.load(model).run(pictures).logits
    monkeypatch.setattr(openvino, "_compile", compile_and_tell)
    monkeypatch.setattr(openvino, "usable_processors", lambda: 2)
    monkeypatch.setattr(openvino, "LARGE", large)
    logits = openvino.load(model).run(pictures).logits
    assert (told[0]["NUM_STREAMS"], told[0]["INFERENCE_NUM_THREADS"]) == (str(streams), "2")
    np.testing.assert_allclose(logits, expected, atol=1e-4)
