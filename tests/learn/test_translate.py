"""Constant-Q pictures made from mels: once, and marked as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from genrescope.learn import translate
from genrescope.types import TrainingError
from tests.learn.made_up import collection


@pytest.fixture
def translator(tmp_path: Path) -> Path:
    """A translator that gives twice the lowest 84 bands, less ten."""
    tensors = {
        "first": np.array([0]),
        "last": np.array([84]),
        "axis": np.array([1]),
        "two": np.array(2.0, dtype=np.float32),
        "ten": np.array(10.0, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Slice", ["mel", "first", "last", "axis"], ["low"]),
        helper.make_node("Mul", ["low", "two"], ["louder"]),
        helper.make_node("Sub", ["louder", "ten"], ["cqt"]),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", bands, "frames"])
        for name, bands in (("mel", 128), ("cqt", 84))
    ]
    weights = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "translator", values[:1], values[1:], weights)
    opset = helper.make_opsetid("", 18)
    path = tmp_path / translate.TRANSLATOR
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    return path


def test_values_are_rounded_and_kept_in_range(translator: Path) -> None:
    mel = collection(per_genre=4).mel
    given = translate.translate(mel, translator)
    expected = np.clip(mel[:, :84].astype(int) * 2 - 10, 0, 255)
    assert given.dtype == np.uint8
    assert np.array_equal(given, expected)


def test_what_is_translated_says_so_and_is_done_once(
    translator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, without = collection("own"), replace(collection("without"), cqt=None)
    cache = tmp_path / "cache"
    kept, made = translate.with_constant_q([own, without], translator, cache)
    assert kept is own
    assert made.cqt_translated
    assert made.pictures("cqt").shape == (len(without), 84, 140)
    assert len(list(cache.iterdir())) == 1

    def again(*_: object) -> None:
        raise AssertionError("translated twice")

    monkeypatch.setattr(translate, "translate", again)
    (same,) = translate.with_constant_q([without], translator, cache)
    assert np.array_equal(same.pictures("cqt"), made.pictures("cqt"))

    louder = replace(without, mel=np.minimum(without.mel, 254) + np.uint8(1))
    with pytest.raises(AssertionError, match="translated twice"):  # other sound, the same names
        translate.with_constant_q([louder], translator, cache)
    translator.write_bytes(translator.read_bytes() + b"\0")
    with pytest.raises(AssertionError, match="translated twice"):  # another translator
        translate.with_constant_q([without], translator, cache)


def test_without_a_translator(tmp_path: Path) -> None:
    without = replace(collection(), cqt=None)
    with pytest.raises(TrainingError, match="need the translator"):
        translate.with_constant_q([without], tmp_path / "none.onnx", tmp_path / "cache")
    assert not list(tmp_path.rglob("*.npy"))
