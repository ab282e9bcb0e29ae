"""Static int8: the same network, faster, and its map still exact."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("nncf", reason="training needs the extra 'train'")

from genrescope.learn import finishing, quantising
from genrescope.models import engines, save_model
from genrescope.models.engines import Outputs, openvino
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.types import FloatArray
from tests import onnx_models
from tests.learn.made_up import collection


@pytest.fixture(scope="module")
def pictures() -> list[FloatArray]:
    card = onnx_models.card()
    return quantising.calibrating_pictures([collection(), collection("other", 16)], card, 40)


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory, pictures: list[FloatArray]) -> ModelFile:
    folder = tmp_path_factory.mktemp("int8")
    model = quantising.quantise_network(onnx_models.graph(), pictures)
    return save_model(model, onnx_models.card(), folder / "small_mel.onnx")


def test_windows_for_calibration_come_from_every_collection_alike(
    pictures: list[FloatArray],
) -> None:
    assert len(pictures) == 40
    assert {picture.shape for picture in pictures} == {(1, 1, onnx_models.SIDE, onnx_models.SIDE)}
    again = quantising.calibrating_pictures(
        [collection(), collection("other", 16)], onnx_models.card(), 40
    )
    np.testing.assert_array_equal(np.stack(pictures), np.stack(again))


def test_a_quantised_network_says_nearly_the_same(
    quantised: ModelFile, pictures: list[FloatArray]
) -> None:
    stack = np.concatenate(pictures)
    wanted = onnx_models.reference(stack)
    given = engines.open_engine(quantised).run(stack)
    assert 0 < np.abs(given.logits - wanted).max() < 0.1 * np.abs(wanted).max()
    assert (given.logits.argmax(1) == wanted.argmax(1)).mean() > 0.9


def test_the_head_stays_in_float_so_that_the_map_adds_up(
    quantised: ModelFile, pictures: list[FloatArray]
) -> None:
    graph = onnx.load(quantised.path).graph
    made = {output: node for node in graph.node for output in node.output}
    head = made["cam"]
    assert "Quantize" not in made[head.input[0]].op_type
    given = engines.open_engine(quantised).run(np.concatenate(pictures))
    assert given.cam is not None
    bias = onnx_models.weights(0, len(onnx_models.LABELS))[2]
    np.testing.assert_allclose(given.cam.sum(axis=(2, 3)) + bias, given.logits, atol=1e-4)


def test_the_first_convolution_may_be_spared(
    tmp_path: Path, pictures: list[FloatArray], quantised: ModelFile
) -> None:
    model = quantising.quantise_network(onnx_models.graph(), pictures, spare_first=True)
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    assert first.input[0] == "picture"
    before = next(node for node in onnx.load(quantised.path).graph.node if node.op_type == "Conv")
    assert before.input[0] != "picture"
    spared = save_model(model, onnx_models.card(), tmp_path / "small_mel.onnx")
    given = engines.open_engine(spared).run(np.concatenate(pictures)).logits
    wanted = onnx_models.reference(np.concatenate(pictures))
    assert np.abs(given - wanted).max() < 0.1 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ([-0.004], "activations too but for the head"),
        ([-0.005, -0.002], "activations too but for the first convolution and the head"),
        ([-0.005, -0.006], None),
    ],
)
def test_what_costs_songs_is_tried_again_with_the_first_layer_spared(
    changes: list[float], how: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[bool] = []

    def quantise(graph: Any, _: Any, *, spare_first: bool) -> Any:
        tried.append(spare_first)
        return graph

    measured = iter(changes)
    opened = SimpleNamespace(engine=SimpleNamespace(precision="int8"))
    for name, stand_in in (
        ("quantise_network", quantise),
        ("calibrating_pictures", lambda *_: [None]),
        ("OpenVinoEngine", lambda *_: None),
        ("speed_ratio", lambda *_: 2.0),
        ("_opened", lambda _: opened),
        ("judge", lambda *_: ["a report"]),
        ("top1_change", lambda *_: next(measured)),
    ):
        monkeypatch.setattr(finishing, name, stand_in)
    whole = save_model(onnx_models.graph(), onnx_models.card(), tmp_path / "whole.onnx")
    made = finishing._computing_in_int8(whole, onnx_models.graph(), [])
    assert (made and made[2].split(", ", 1)[1]) == how
    assert tried == [False, True][: len(changes)]


@pytest.mark.parametrize("flags", [(), ("avx2",), ("avx2", "avx512_vnni")])
def test_int8_needs_a_processor_that_has_it(
    quantised: ModelFile, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    openvino.processor_int8.cache_clear()
    monkeypatch.setattr(openvino, "has_flag", lambda name: name in flags)
    engine = openvino.load(quantised)
    openvino.processor_int8.cache_clear()
    assert (engine.precision == "int8") == ("avx512_vnni" in flags)
    assert ("avx512_vnni" in engine.reason) == ("avx512_vnni" in flags)


def test_beside_int8_a_processor_with_amx_computes_in_float32(
    quantised: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bfloat16 beside int8 is what OpenVINO cannot compile where there is AMX."""
    asked: list[str] = []
    compile_model = openvino._compile

    def compiling(network: Any, device: str, settings: dict[str, str]) -> Any:
        asked.append(settings["INFERENCE_PRECISION_HINT"])
        return compile_model(network, device, settings)

    monkeypatch.setattr(openvino, "_compile", compiling)
    monkeypatch.setattr(openvino, "processor_int8", lambda: (True, "made up"))
    monkeypatch.setattr(openvino, "processor_precision", lambda: ("bf16", "made up"))
    assert openvino.load(quantised).precision == "int8"
    assert asked == ["f32"]


def test_without_int8_the_same_file_runs_in_floating_point(
    quantised: ModelFile, pictures: list[FloatArray]
) -> None:
    graph = onnx.load_from_string(runnable_bytes(quantised, int8=False)).graph
    assert not [node for node in graph.node if "Quantize" in node.op_type]
    pytest.importorskip("onnxruntime", reason="the extra onnxruntime is not installed")
    engine = engines.open_engine(quantised, "onnxruntime")
    assert engine.precision == "f32"
    stack = np.concatenate(pictures)
    wanted = onnx_models.reference(stack)
    assert np.abs(engine.run(stack).logits - wanted).max() < 0.1 * np.abs(wanted).max()


@dataclass
class Clock:
    now: float = 0.0


class Slow:
    """An engine that takes its time."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.name, self.device, self.precision, self.reason = "slow", "CPU", "f32", ""
        self.seconds, self.clock = seconds, clock
        self.asked = 0

    def run(self, pictures: FloatArray) -> Outputs:
        self.asked += 1
        self.clock.now += self.seconds
        return Outputs(np.zeros((len(pictures), 2), np.float32), None)


def test_how_many_times_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)
    one, other = Slow(0.3, clock), Slow(0.1, clock)
    picture = np.zeros((1, 1, 4, 4), np.float32)
    assert quantising.speed_ratio(one, other, picture) == pytest.approx(3)
    assert one.asked == other.asked == quantising.ROUNDS


def test_nncf_reports_to_nobody() -> None:
    watch = (
        "import sys; from genrescope.learn.quantising import _nncf; _nncf(); "
        "from nncf.telemetry import telemetry; "
        "print(type(telemetry).__name__, 'openvino_telemetry' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MagicMock", "False"]
