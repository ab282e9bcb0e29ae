"""Networks that ask for too much are refused before an engine sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from genrescope.apps.fuzz.spoiling import SPOILS
from genrescope.models import read_model
from genrescope.models.bounds import check_bounds
from genrescope.models.metadata import write_card
from genrescope.types import ModelError
from tests import onnx_models

SIZES = np.array([1, 1, 2**20, 2**20])


def behind(kind: str, inputs: list[str], told: Any, **attributes: Any) -> onnx.ModelProto:
    """The small network behind a node that blows its picture up."""
    model = onnx_models.graph()
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(told), "told"))
    model.graph.node[0].input[0] = "grown"
    model.graph.node.insert(0, helper.make_node(kind, inputs, ["grown"], **attributes))
    return model


BOMBS = {
    "Tile": behind("Tile", ["picture", "told"], SIZES),
    "Expand": behind("Expand", ["picture", "told"], np.array([2**30, 1, 32, 32])),
    "ConstantOfShape": behind("ConstantOfShape", ["told"], SIZES),
    "Resize": behind("Resize", ["picture", "", "told"], SIZES.astype(np.float32)),
    "Pad": behind("Pad", ["picture", "told"], np.array([0, 0, 2**20, 2**20, 0, 0, 0, 0])),
    "ConvTranspose": behind(
        "ConvTranspose",
        ["picture", "told"],
        np.ones((1, 1, 2, 2), np.float32),
        strides=[2**15, 2**15],
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_grows_without_end(kind: str) -> None:
    with pytest.raises(ModelError, match=rf"{kind} gives [\d,]+ values|cannot be told"):
        check_bounds(BOMBS[kind])


@pytest.mark.parametrize("kind", ["NonZero", "Unique"])
def test_a_size_that_only_running_tells(kind: str) -> None:
    model = onnx_models.graph()
    model.graph.node.append(helper.make_node(kind, ["cam"], ["found"]))
    with pytest.raises(ModelError, match=f"what {kind} gives cannot be told"):
        check_bounds(model)


def test_growing_step_by_step() -> None:
    model = onnx_models.graph()
    name = "picture"
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 2, 1, 1]), "double"))
    for step in range(40):
        model.graph.node.append(helper.make_node("Tile", [name, "double"], [f"tiled{step}"]))
        name = f"tiled{step}"
    with pytest.raises(ModelError, match=r"values"):
        check_bounds(model)


@pytest.mark.parametrize("kind", ["If", "Loop", "Scan"])
def test_networks_inside_networks(kind: str) -> None:
    inner = helper.make_graph([], "inner", [], [])
    for _ in range(20):
        inner = helper.make_graph([helper.make_node(kind, [], [], body=inner)], "inner", [], [])
    model = onnx_models.graph()
    model.graph.node.insert(0, helper.make_node(kind, ["bias"], ["x"], body=inner))
    with pytest.raises(ModelError, match=f"operator {kind} holds a network of its own"):
        check_bounds(model)


def test_a_chain_that_is_too_long() -> None:
    model = onnx_models.graph()
    model.graph.node.extend(helper.make_node("Relu", ["picture"], [f"r{i}"]) for i in range(60_000))
    with pytest.raises(ModelError, match="more than 50000 operators"):
        check_bounds(model)


def test_weights_larger_than_their_bytes() -> None:
    model = onnx_models.graph()
    model.graph.initializer[0].dims[0] = 2**40
    with pytest.raises(ModelError, match=r"'kernel' state 53\d+ values and hold 1176"):
        check_bounds(model)
    model.graph.initializer[0].dims[0] = -24
    with pytest.raises(ModelError, match="have no shape"):
        check_bounds(model)


def test_a_kernel_larger_than_its_picture() -> None:
    """The size below 0 that it gives ended the process in ONNX's own inference."""
    model = onnx_models.graph()
    model.graph.node[0].attribute.append(helper.make_attribute("kernel_shape", [1000, 7]))
    model.graph.node[0].attribute.append(helper.make_attribute("pads", [64, 0, 64, 0]))
    with pytest.raises(ModelError):
        check_bounds(model)


def test_shapes_that_are_reckoned_from_shapes() -> None:
    model = onnx_models.graph()
    for name, value in (("first", [0]), ("rest", [-1])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    made = [
        helper.make_node("Shape", ["cam"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["batch"], axis=0),
        helper.make_node("Concat", ["batch", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["cam", "wanted"], ["flat"]),
    ]
    model.graph.node.extend(made)
    check_bounds(model)


@pytest.mark.parametrize("name", SPOILS)
def test_spoilt_networks_are_read_or_refused(name: str, tmp_path: Path) -> None:
    refused = 0
    for seed in range(6):
        model = onnx_models.graph()
        write_card(model, onnx_models.card())
        SPOILS[name](model, np.random.default_rng(seed))
        path = tmp_path / f"{seed}.onnx"
        path.write_bytes(model.SerializeToString())
        try:
            read_model(path)
        except ModelError:
            refused += 1
    assert refused > 0 or name in ("no_number", "other_attribute", "other_operator")


@pytest.mark.parametrize("name", [b"kernel", b"maps", b"bias"])
def test_names_that_are_no_text(name: bytes, tmp_path: Path) -> None:
    model = onnx_models.graph()
    write_card(model, onnx_models.card())
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString().replace(name, b"\xf2" + name[1:]))
    with pytest.raises(ModelError):
        read_model(path)
