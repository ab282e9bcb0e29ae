"""Model files: what is written can be read, and what is wrong is refused with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from genrescope.models import read_model, save_model
from genrescope.models.file import LABELS_KEY, runnable_bytes, write_card
from genrescope.models.weights import expand_weights, quantise, store_weights_int8
from genrescope.types import CardError, DigestError, ModelError, PictureSpec
from tests import onnx_models


def write(tmp_path: Path, model: onnx.ModelProto) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def carded() -> onnx.ModelProto:
    model = onnx_models.graph()
    write_card(model, onnx_models.card())
    return model


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    read = read_model(made.path, expected_digest=made.sha256)
    assert read == made
    assert read.card == onnx_models.card()
    assert read.cam_shape == (7, 7)
    assert read.size_bytes == made.path.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["small_mel.onnx"]


def test_another_digest_is_refused(tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    with pytest.raises(DigestError, match="is not the file that its index describes"):
        read_model(made.path, expected_digest="0" * 64)


def test_no_model_file(tmp_path: Path) -> None:
    path = tmp_path / "song.onnx"
    with pytest.raises(ModelError, match="no such model file"):
        read_model(path)
    for content in (b"", b"%PDF-1.7 not a network", bytes(range(256)) * 40):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="not an ONNX file"):
            read_model(path)


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    path = onnx_models.write(tmp_path).path
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(ModelError):
        read_model(path)


def test_no_card(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="carries no card"):
        read_model(write(tmp_path, onnx_models.graph()))


def test_labels_in_another_order_are_refused(tmp_path: Path) -> None:
    model = carded()
    for entry in model.metadata_props:
        if entry.key == LABELS_KEY:
            entry.value = json.dumps(sorted(onnx_models.LABELS))
    with pytest.raises(CardError, match="another order"):
        read_model(write(tmp_path, model))


def test_width_and_picture_must_fit(tmp_path: Path) -> None:
    model = onnx_models.graph(genres=4)
    write_card(model, onnx_models.card())
    with pytest.raises(CardError, match="4 logits, the card names 5"):
        read_model(write(tmp_path, model))
    with pytest.raises(CardError, match="the card says picture"):
        save_model(
            onnx_models.graph(), onnx_models.card(picture=PictureSpec(16, 16)), tmp_path / "x.onnx"
        )
    assert not (tmp_path / "x.onnx").exists()


def test_foreign_operators_are_refused(tmp_path: Path) -> None:
    model = carded()
    model.graph.node[1].domain = "com.evil"
    with pytest.raises(ModelError, match=r"com\.evil\.Relu is not run"):
        read_model(write(tmp_path, model))
    model.graph.node[1].domain = ""
    model.opset_import.append(helper.make_opsetid("com.evil", 1))
    with pytest.raises(ModelError, match="not run here"):
        read_model(write(tmp_path, model))


def test_weights_outside_the_file_are_refused(tmp_path: Path) -> None:
    model = carded()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    with pytest.raises(ModelError, match="outside the file"):
        read_model(write(tmp_path, model))


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


def test_runnable_bytes_hold_float_weights(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    save_model(store_weights_int8(onnx_models.graph()), onnx_models.card(), path)
    model = onnx.load_from_string(runnable_bytes(read_model(path)))
    assert "kernel" in {t.name for t in model.graph.initializer}


def test_importing_the_room_is_cheap() -> None:
    program = (
        "import sys, genrescope.models; "
        "print(sorted({'onnx','openvino','onnxruntime','torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
