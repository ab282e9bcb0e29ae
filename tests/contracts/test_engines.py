"""Every engine gives the same answers for the same files."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

from genrescope.models import ModelFile, engines, processors, read_model, save_model, zoo
from genrescope.models.engines import openvino
from genrescope.models.weights import store_weights_int8
from genrescope.types import DigestError, EngineError, FloatArray, MissingExtraError, ModelError
from tests import onnx_models

every = pytest.mark.parametrize("name", engines.names())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return onnx_models.write(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    path = tmp_path_factory.mktemp("int8") / "small_mel.onnx"
    return save_model(store_weights_int8(onnx_models.graph()), onnx_models.card(), path)


@pytest.fixture(scope="module")
def pictures() -> FloatArray:
    shape = (5, 1, onnx_models.SIDE, onnx_models.SIDE)
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def opened(name: str, model: ModelFile) -> engines.Engine:
    there, why = engines.load(name).available()
    if not there:
        pytest.skip(why)
    return engines.open_engine(model, name)


def nearness(engine: engines.Engine) -> float:
    """How far a logit may be from float64's: bfloat16 keeps eight bits of its factors."""
    return 0.03 if engine.precision == "bf16" else 1e-3


@every
def test_logits_are_the_networks(name: str, model: ModelFile, pictures: FloatArray) -> None:
    engine = opened(name, model)
    given = engine.run(pictures).logits
    np.testing.assert_allclose(given, onnx_models.reference(pictures), atol=nearness(engine))


@every
def test_int8_weights_are_near(name: str, stored: ModelFile, pictures: FloatArray) -> None:
    given = opened(name, stored).run(pictures)
    np.testing.assert_allclose(given.logits, onnx_models.reference(pictures), atol=0.1)


def test_engines_agree(stored: ModelFile, pictures: FloatArray) -> None:
    several = [opened(name, stored) for name in engines.names()]
    first, *others = (engine.run(pictures).logits for engine in several)
    for other in others:
        np.testing.assert_allclose(first, other, atol=max(map(nearness, several)))


@every
def test_the_batch_does_not_matter(name: str, model: ModelFile, pictures: FloatArray) -> None:
    engine = opened(name, model)
    together = engine.run(pictures).logits
    alone = np.concatenate([engine.run(pictures[i : i + 1]).logits for i in range(5)])
    assert np.array_equal(together, alone)


@every
def test_many_pictures_come_back_in_their_order(name: str, model: ModelFile) -> None:
    many = np.random.default_rng(5).random((41, 1, 32, 32), dtype=np.float32)
    many = np.ascontiguousarray(many[:, :, : model.card.picture.height])
    engine = opened(name, model)
    together = engine.run(many)
    np.testing.assert_allclose(together.logits, onnx_models.reference(many), atol=nearness(engine))
    last = engine.run(many[40:])
    assert together.cam is not None
    assert last.cam is not None
    assert np.array_equal(together.logits[40:], last.logits)
    assert np.array_equal(together.cam[40:], last.cam)


@every
def test_the_map_sums_to_the_logits(name: str, model: ModelFile, pictures: FloatArray) -> None:
    given = opened(name, model).run(pictures)
    assert given.cam is not None
    assert given.cam.shape == (5, len(onnx_models.LABELS), 7, 7)
    bias = onnx_models.weights(0, len(onnx_models.LABELS))[2]
    np.testing.assert_allclose(given.cam.sum(axis=(2, 3)) + bias, given.logits, atol=1e-3)


@every
def test_threads_do_not_disturb_each_other(
    name: str, model: ModelFile, pictures: FloatArray
) -> None:
    engine = opened(name, model)
    expected = engine.run(pictures).logits
    with ThreadPoolExecutor(4) as pool:
        for given in pool.map(lambda _: engine.run(pictures).logits, range(16)):
            assert np.array_equal(given, expected)


@every
def test_refusals(name: str, model: ModelFile, pictures: FloatArray) -> None:
    engine = opened(name, model)
    broken = pictures.copy()
    broken[0, 0, 0, 0] = np.inf
    double: Any = pictures.astype(np.float64)
    for wrong in (pictures[:, :, :16], double, pictures[:0], broken):
        with pytest.raises(EngineError):
            engine.run(wrong)
    with pytest.raises(EngineError, match="finds no TPU"):
        engines.load(name).load(model, "TPU")


def spoilt(folder: Path, spoil: Callable[[Any], None]) -> ModelFile:
    """A file that reading would have refused, as if it had not."""
    graph = onnx_models.graph()
    made = save_model(graph, onnx_models.card(), folder / "spoilt.onnx")
    spoil(graph.graph)
    content = graph.SerializeToString()
    made.path.write_bytes(content)
    return replace(made, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


@pytest.mark.parametrize("name", ["absent_input", "unknown_operator", "no_values"])
def test_reading_refuses_what_engines_would(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"contradicts itself|hold 0|cannot be followed"):
        read_model(spoilt(tmp_path, globals()[name]).path)


def absent_input(graph: Any) -> None:
    graph.node[0].input[1] = "nowhere"


def unknown_operator(graph: Any) -> None:
    graph.node[1].op_type = "Guess"


def no_values(graph: Any) -> None:
    graph.initializer[0].ClearField("raw_data")


@every
@pytest.mark.parametrize("spoil", [absent_input, unknown_operator, no_values])
def test_a_network_that_cannot_be_loaded(
    name: str, spoil: Callable[[Any], None], tmp_path: Path
) -> None:
    broken = spoilt(tmp_path, spoil)
    with pytest.raises(EngineError, match=rf"nothing here can run spoilt\.onnx \({name}: .*\w"):
        opened(name, broken)


@every
def test_a_network_that_fails_when_run(
    name: str, tmp_path: Path, pictures: FloatArray, capfd: pytest.CaptureFixture[str]
) -> None:
    def divide_unevenly(graph: Any) -> None:
        shape = numpy_helper.from_array(np.array([1, 1, 31, 32]), "shape")
        graph.initializer.append(shape)
        graph.node.insert(0, helper.make_node("Reshape", ["picture", "shape"], ["taken"]))
        graph.node[1].input[0] = "taken"

    broken = spoilt(tmp_path, divide_unevenly)
    with pytest.raises(EngineError, match=r"cannot run|can run"):
        opened(name, broken).run(pictures)
    assert capfd.readouterr().err == ""


@every
def test_a_file_that_changed_since_is_refused(name: str, tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path)
    onnx_models.write(tmp_path, seed=3)
    with pytest.raises(DigestError, match="changed after it was read"):
        opened(name, made)


def test_every_reason_is_kept(model: ModelFile) -> None:
    with pytest.raises(EngineError) as caught:
        engines.open_engine(model, device="TPU")
    assert all(f"{name}: " in str(caught.value) for name in engines.names())


WATCH = """
import sys, threading
def note(event, arguments):
    if event.startswith(("socket.", "os.fork", "subprocess.")):
        print(event, arguments)
sys.addaudithook(note)
from pathlib import Path
import numpy as np
from genrescope.models import engines, read_model
model = read_model(Path(sys.argv[2]))
side = model.card.picture.height
engines.open_engine(model, sys.argv[1]).run(np.zeros((1, 1, side, side), dtype=np.float32))
print(threading.active_count())
print([name for name in sys.modules if name.startswith("openvino_telemetry")])
"""


@every
def test_nobody_is_told(name: str, model: ModelFile, tmp_path: Path) -> None:
    """Imported plainly, both engines report to their makers and keep an identity on disk."""
    there, why = engines.load(name).available()
    if not there:
        pytest.skip(why)
    declining = ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY")
    environment = {k: v for k, v in os.environ.items() if k not in declining}
    folders = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA")
    done = subprocess.run(
        [sys.executable, "-c", WATCH, name, str(model.path)],
        capture_output=True,
        check=True,
        text=True,
        env={**environment, **dict.fromkeys(folders, str(tmp_path))},
    )
    assert done.stdout.split() == ["1", "[]"]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_engine_says_how_to_get_it(
    model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="uv sync --extra onnxruntime"):
        engines.load("onnxruntime").devices()
    with pytest.raises(EngineError, match="onnxruntime: "):
        engines.open_engine(model, "onnxruntime")


FLAGS = {
    "amx_bf16 avx512_bf16 GenuineIntel": "AMX",
    "avx512_bf16 AuthenticAMD": "AMD",
    "avx512_bf16 GenuineIntel": "",
    "avx512f AuthenticAMD": "",
    "": "",
}


@pytest.mark.parametrize("flags", FLAGS)
def test_bfloat16_where_the_processor_is_faster_in_it(
    flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "has_flag", lambda name: name in flags.split())
    why = FLAGS[flags]
    assert why in processors.multiplies_bfloat16()
    assert bool(why) == bool(processors.multiplies_bfloat16())
    offered = openvino._core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    precision, reason = openvino.processor_precision.__wrapped__()
    assert precision == ("bf16" if why and "BF16" in offered else "f32")
    assert reason


@pytest.mark.parametrize("shipped", zoo.own_models())
def test_the_first_engine_takes_every_network_that_ships(
    shipped: str,
) -> None:
    """In the precision that this processor asks for; CI's may have AMX, or VNNI, or neither."""
    file = zoo.find(shipped)
    seen = file.card.picture
    engine = openvino.load(file)
    given = engine.run(np.zeros((1, seen.channels, seen.height, seen.width), np.float32))
    assert given.logits.shape == (1, len(file.card.labels))
    assert np.isfinite(given.logits).all()


def test_an_engine_that_does_not_take_a_network_is_named(
    model: ModelFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnxruntime is not installed")

    def refuse(*_: object) -> engines.Engine:
        raise EngineError("OpenVINO cannot compile it: a made-up reason")

    monkeypatch.setattr(openvino, "load", refuse)
    caplog.set_level(logging.WARNING, logger=engines.__name__)
    assert engines.open_engine(model).name == "onnxruntime"
    assert "small_mel.onnx runs in onnxruntime; openvino: OpenVINO cannot compile it" in caplog.text
