"""What a network's last layer is given, found in its graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from genrescope.models import engines, read_model, zoo
from genrescope.models.embedding import EMBEDDING, add_embedding
from genrescope.types import FloatArray
from tests import onnx_models


@pytest.fixture
def pictures() -> FloatArray:
    return np.random.default_rng(0).random((3, 1, 32, 32), dtype=np.float32)


def run(model: onnx.ModelProto, pictures: FloatArray) -> dict[str, FloatArray]:
    names = [output.name for output in model.graph.output]
    return dict(zip(names, ReferenceEvaluator(model).run(None, {"picture": pictures}), strict=True))


@pytest.mark.parametrize("opset", [13, 18])
def test_the_head_times_the_embedding_is_the_logits(opset: int, pictures: FloatArray) -> None:
    model = onnx_models.graph()
    model.opset_import[0].version = opset
    assert add_embedding(model)
    onnx.checker.check_model(model)
    given = run(model, pictures)
    _, head, bias = onnx_models.weights(0, len(onnx_models.LABELS))
    assert given[EMBEDDING].shape == (3, 24)
    np.testing.assert_allclose(
        given[EMBEDDING] @ head[:, :, 0, 0].T + bias, given["logits"], atol=1e-4
    )
    assert not add_embedding(model), "it stands there already"


def linear(*, transposed: bool = False, last: str = "Gemm") -> onnx.ModelProto:
    """A network that ends in a matrix product, and what may stand behind it."""
    weights = np.arange(20, dtype=np.float32).reshape(4, 5)
    nodes = [
        helper.make_node("Flatten", ["picture"], ["flat"]),
        helper.make_node("Slice", ["flat", "from", "to", "axis"], ["four"]),
        helper.make_node("Gemm", ["four", "w"], ["product"], transA=int(transposed)),
        helper.make_node(last, ["product"], ["logits"]),
    ]
    tensors = {"w": weights, "from": np.array([0]), "to": np.array([4]), "axis": np.array([1])}
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "linear",
        [value("picture", TensorProto.FLOAT, ["batch", 1, 32, 32])],
        [value("logits", TensorProto.FLOAT, ["batch", 5])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_a_matrix_product_is_a_head(pictures: FloatArray) -> None:
    model = linear(last="Identity")
    assert add_embedding(model)
    np.testing.assert_array_equal(run(model, pictures)[EMBEDDING], pictures.reshape(3, -1)[:, :4])


@pytest.mark.parametrize("model", [linear(last="Softplus"), linear(last="Add", transposed=True)])
def test_what_ends_otherwise_is_left_as_it_is(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    assert not add_embedding(model)
    assert model.SerializeToString() == before


def test_a_wide_kernel_is_no_head(pictures: FloatArray) -> None:
    model = onnx_models.graph()
    del model.graph.node[2:4]
    model.graph.node[1].output[0] = "summed"
    assert not add_embedding(model)


WIDTHS = {"mobilenetv3_mel": 960, "efficientnet_b0_mel": 1280, "musicnn_msd": 200}


@pytest.mark.parametrize("name", WIDTHS)
def test_shipped_models_have_one(name: str) -> None:
    model = read_model(zoo.find(name).path)
    picture = model.card.picture
    shape = (2, picture.channels, picture.height, picture.width)
    given = engines.open_engine(model).run(np.random.default_rng(0).random(shape, dtype=np.float32))
    assert given.embedding is not None
    assert given.embedding.shape == (2, WIDTHS[name])
    assert given.embedding.dtype == np.float32
