"""Models for other programs: what is written says the same as what it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from genrescope.models import ModelFile, card_from_json, exporting, read_model, save_model
from genrescope.models.engines import Outputs, open_engine
from genrescope.models.engines._ir import read_ir_text
from genrescope.models.exporting import export_model, plain_network
from genrescope.models.plain import drop_quantisation, to_half
from genrescope.models.weights import store_weights_int8
from genrescope.types import EngineError, FloatArray, ModelError
from tests import onnx_models


def pictures(count: int = 2) -> FloatArray:
    side = onnx_models.SIDE
    return np.random.default_rng(5).standard_normal((count, 1, side, side)).astype(np.float32)


@pytest.fixture
def stored(tmp_path: Path) -> ModelFile:
    """A model file with weights in int8."""
    graph = store_weights_int8(onnx_models.graph())
    return save_model(graph, onnx_models.card(weights="int8"), tmp_path / "small_mel.onnx")


def kinds(model: onnx.ModelProto) -> set[int]:
    return {tensor.data_type for tensor in model.graph.initializer if len(tensor.dims) > 1}


def test_float32(stored: ModelFile, tmp_path: Path) -> None:
    done = export_model(stored, tmp_path / "plain.onnx", "onnx-fp32", pictures())
    assert done.difference == 0
    written = read_model(done.files[0])
    assert written.card.weights == "float32, exported from int8"
    assert written.card.labels == stored.card.labels
    network = onnx.load(written.path)
    assert kinds(network) == {TensorProto.FLOAT}
    assert not [n for n in network.graph.node if "Quantize" in n.op_type]


def test_float16(stored: ModelFile, tmp_path: Path) -> None:
    done = export_model(stored, tmp_path / "half.onnx", "onnx-fp16", pictures())
    assert 0 < done.difference < 0.01 * done.largest
    written = read_model(done.files[0])
    assert kinds(onnx.load(written.path)) == {TensorProto.FLOAT16}
    assert written.cam_shape == stored.cam_shape
    outputs = open_engine(written).run(pictures())
    assert outputs.cam is not None
    _, _, bias = onnx_models.weights(0, len(onnx_models.LABELS))
    summed = outputs.cam.sum(axis=(2, 3)) + bias
    np.testing.assert_allclose(summed, outputs.logits, atol=0.02)


def test_float16_in_onnx_runtime(stored: ModelFile, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    done = export_model(stored, tmp_path / "half.onnx", "onnx-fp16", pictures())
    written, wanted = read_model(done.files[0]), open_engine(stored).run(pictures()).logits
    given = open_engine(written, "onnxruntime").run(pictures()).logits
    np.testing.assert_allclose(given, wanted, atol=0.01 * done.largest)


@pytest.mark.usefixtures("in_float32")
def test_openvino(stored: ModelFile, tmp_path: Path) -> None:
    done = export_model(stored, tmp_path / "small.xml", "openvino", pictures())
    assert [file.name for file in done.files] == ["small.xml", "small.bin"]
    assert done.difference <= 1e-4 * done.largest
    card = card_from_json(read_ir_text(done.files[0], "card"))
    assert card.labels == stored.card.labels
    assert card.weights == "float32, exported from int8"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "small.bin",
        "small.xml",
        "small_mel.onnx",
    ]
    with pytest.raises(EngineError, match="no IR with a text 'paper'"):
        read_ir_text(done.files[0], "paper")


def test_places_that_will_not_do(stored: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"onnx-fp16 ends in \.onnx"):
        export_model(stored, tmp_path / "x.xml", "onnx-fp16", pictures())
    with pytest.raises(ModelError, match="is the model file itself"):
        export_model(stored, stored.path, "onnx-fp32", pictures())
    (tmp_path / "file").touch()
    for form, name in (("onnx-fp32", "x.onnx"), ("openvino", "x.xml")):
        with pytest.raises(ModelError, match="cannot be written"):
            export_model(stored, tmp_path / "file" / name, form, pictures())  # type: ignore[arg-type]


def computing_in_int8() -> onnx.ModelProto:
    """The small network with its activations quantised, its weights with a zero point."""
    model = onnx_models.graph()
    graph = model.graph
    kernel = numpy_helper.to_array(next(t for t in graph.initializer if t.name == "kernel"))
    scale = np.abs(kernel).max(axis=(1, 2, 3)) / 100
    codes = np.rint(kernel / scale[:, None, None, None] + 3).astype(np.int8)
    added = {
        "codes": codes,
        "scale": scale.astype(np.float32),
        "zero": np.full(24, 3, dtype=np.int8),
        "step": np.array(0.05, dtype=np.float32),
        "middle": np.array(128, dtype=np.uint8),
    }
    kept = [t for t in graph.initializer if t.name != "kernel"]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *(numpy_helper.from_array(v, k) for k, v in added.items())])
    nodes = list(graph.node)
    nodes[0].input[0] = "picture.back"
    nodes[3].input[0] = "cam"
    nodes[2].output[0] = "cam.raw"
    del graph.node[:]
    graph.node.extend(
        [
            helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["kernel"], axis=0),
            helper.make_node("QuantizeLinear", ["picture", "step", "middle"], ["picture.q"]),
            helper.make_node("DequantizeLinear", ["picture.q", "step", "middle"], ["picture.back"]),
            *nodes[:3],
            helper.make_node("QuantizeLinear", ["cam.raw", "step", "middle"], ["cam.q"]),
            helper.make_node("DequantizeLinear", ["cam.q", "step", "middle"], ["cam"]),
            *nodes[3:],
        ]
    )
    return model


def test_networks_that_compute_in_int8_become_plain(tmp_path: Path) -> None:
    model = save_model(computing_in_int8(), onnx_models.card(), tmp_path / "small_mel.onnx")
    network = plain_network(model)
    assert not [n for n in network.graph.node if "Quantize" in n.op_type]
    plain = save_model(network, onnx_models.card(), tmp_path / "plain.onnx")
    given = open_engine(plain).run(pictures()).logits
    np.testing.assert_allclose(given, onnx_models.reference(pictures()), atol=0.1)
    done = export_model(model, tmp_path / "x.onnx", "onnx-fp32", pictures())
    assert done.difference < 0.2 * done.largest


def test_int8_operators_of_another_form_are_refused() -> None:
    model = onnx_models.graph()
    model.graph.node[0].op_type = "QLinearConv"
    with pytest.raises(ModelError, match="QLinearConv"):
        drop_quantisation(model)


@pytest.mark.parametrize(
    ("place", "spoil"),
    [
        (0, lambda node: setattr(node.attribute[0], "i", 9)),  # an axis that the weight lacks
        (0, lambda node: node.output.pop()),
        (1, lambda node: node.input.__delitem__(slice(None))),
    ],
)
def test_spoilt_int8_is_refused(place: int, spoil: Callable[[onnx.NodeProto], object]) -> None:
    model = computing_in_int8()
    spoil(model.graph.node[place])
    with pytest.raises(ModelError, match="cannot be read"):
        drop_quantisation(model)


def test_what_float16_cannot_hold() -> None:
    model = onnx_models.graph()
    for tensor in model.graph.initializer:
        if tensor.name == "head":
            values = numpy_helper.to_array(tensor) * np.float32(1e7)
            tensor.CopyFrom(numpy_helper.from_array(values, "head"))
    with pytest.raises(ModelError, match="'head' is too large for float16"):
        to_half(model)


def test_what_gives_no_numbers_is_not_kept(
    stored: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums that float16 cannot hold; whether an engine computes in it depends on the machine."""
    half = tmp_path / "half.onnx"

    class Overflowing:
        def run(self, given: FloatArray) -> Outputs:
            return Outputs(np.full((len(given), 16), np.inf, dtype=np.float32), None)

    def opened(model: ModelFile) -> object:
        return Overflowing() if model.path == half else open_engine(model)

    monkeypatch.setattr(exporting, "open_engine", opened)
    with pytest.raises(ModelError, match="no numbers as onnx-fp16"):
        export_model(stored, half, "onnx-fp16", pictures())
    assert not half.exists()
