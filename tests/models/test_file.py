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

from genrescope.models import card_to_json, read_model, save_model
from genrescope.models.file import rewrite_card, runnable_bytes
from genrescope.models.metadata import CARD_KEY, LABELS_KEY, write_card
from genrescope.models.weights import store_weights_int8
from genrescope.types import CardError, DigestError, ModelError, MusicGauge, PictureSpec
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


def send_outside(tensor: onnx.TensorProto) -> onnx.TensorProto:
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return tensor


@pytest.mark.parametrize("place", ["initializer", "constant", "list", "sparse", "branch"])
def test_weights_outside_the_file_are_refused(place: str, tmp_path: Path) -> None:
    model = carded()
    tensor = send_outside(numpy_helper.from_array(np.ones(4, dtype=np.float32), "far"))
    if place == "initializer":
        send_outside(model.graph.initializer[0])
    elif place == "constant":
        model.graph.node.append(helper.make_node("Constant", [], ["far"], value=tensor))
    elif place == "list":
        attribute = model.graph.node[0].attribute.add(name="far")
        attribute.type = onnx.AttributeProto.TENSORS
        attribute.tensors.append(tensor)
    elif place == "sparse":
        model.graph.sparse_initializer.add().values.CopyFrom(tensor)
    else:
        inner = helper.make_graph([], "inner", [], [], [tensor])
        model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=inner))
    with pytest.raises(ModelError, match="outside the file"):
        read_model(write(tmp_path, model))


def test_operator_sets(tmp_path: Path) -> None:
    for version, says in ((11, "set 11 is not known"), (99, "set 99 is not known")):
        model = carded()
        model.opset_import[0].version = version
        with pytest.raises(ModelError, match=says):
            read_model(write(tmp_path, model))
    model = carded()
    del model.opset_import[:]
    with pytest.raises(ModelError, match="does not say which"):
        read_model(write(tmp_path, model))


def test_training_steps_and_functions_are_refused(tmp_path: Path) -> None:
    model = carded()
    model.training_info.add()
    with pytest.raises(ModelError, match="training steps"):
        read_model(write(tmp_path, model))
    model = carded()
    model.functions.add(name="mine", domain="ai.onnx.ml")
    with pytest.raises(ModelError, match="functions of its own"):
        read_model(write(tmp_path, model))


def test_two_cards_are_refused(tmp_path: Path) -> None:
    model = carded()
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD_KEY, card_to_json(onnx_models.card(temperature=9.0))
    with pytest.raises(CardError, match="more than one card"):
        read_model(write(tmp_path, model))


@pytest.mark.parametrize(("text", "says"), [("[" * 100_000, "no JSON"), (None, "does not say")])
def test_unreadable_labels_are_refused(text: str | None, says: str, tmp_path: Path) -> None:
    model = carded()
    entry = next(one for one in model.metadata_props if one.key == LABELS_KEY)
    entry.key, entry.value = (LABELS_KEY, text) if text else ("another", "")
    with pytest.raises(CardError, match=says):
        read_model(write(tmp_path, model))


@pytest.mark.parametrize(("size", "good"), [(1, True), (4, False)])
def test_a_fixed_number_of_pictures_is_refused(size: int, good: bool, tmp_path: Path) -> None:
    model = carded()
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = size
    path = write(tmp_path, model)
    if good:
        assert read_model(path).cam_shape == (7, 7)
        return
    with pytest.raises(CardError, match="pictures at once"):
        read_model(path)


def test_inputs_and_outputs_have_names_and_types(tmp_path: Path) -> None:
    model = carded()
    model.graph.input[0].name = "image"
    with pytest.raises(CardError, match="the card says picture"):
        read_model(write(tmp_path, model))
    model = carded()
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    with pytest.raises(CardError, match="picture is not float32"):
        read_model(write(tmp_path, model))
    model = carded()
    model.graph.output[0].name = "scores"
    with pytest.raises(CardError, match="gives no logits"):
        read_model(write(tmp_path, model))
    model = carded()
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 3
    with pytest.raises(CardError, match="class activation map"):
        read_model(write(tmp_path, model))


def test_what_fails_leaves_the_old_file(tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    with pytest.raises(CardError):
        save_model(onnx_models.graph(genres=4), onnx_models.card(), made.path)
    assert read_model(made.path) == made
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_changed_since_is_not_run(tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    onnx_models.write(tmp_path, seed=1)
    with pytest.raises(DigestError, match="changed after it was read"):
        runnable_bytes(made)


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


def test_a_card_is_written_anew_and_the_network_kept(tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    gauge = MusicGauge("energy", (1.0,), -2.0)
    again = rewrite_card(made, onnx_models.card(music=gauge), made.path)
    assert again.card.music == gauge
    assert read_model(made.path) == again
    kept = onnx.load_model_from_string(runnable_bytes(again))
    assert kept.graph == onnx_models.graph().graph
    with pytest.raises(DigestError, match="changed after it was read"):
        rewrite_card(made, made.card, tmp_path / "other.onnx")
