"""Every engine gives the same answers for the same files."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genrescope.models import ModelFile, engines, save_model
from genrescope.models.weights import store_weights_int8
from genrescope.types import EngineError, FloatArray, MissingExtraError
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


@every
def test_logits_are_the_networks(name: str, model: ModelFile, pictures: FloatArray) -> None:
    given = opened(name, model).run(pictures)
    np.testing.assert_allclose(given.logits, onnx_models.reference(pictures), atol=1e-3)


@every
def test_int8_weights_are_near(name: str, stored: ModelFile, pictures: FloatArray) -> None:
    given = opened(name, stored).run(pictures)
    np.testing.assert_allclose(given.logits, onnx_models.reference(pictures), atol=0.1)


def test_engines_agree(stored: ModelFile, pictures: FloatArray) -> None:
    given = [opened(name, stored).run(pictures).logits for name in engines.names()]
    for other in given[1:]:
        np.testing.assert_allclose(given[0], other, atol=1e-3)


@every
def test_the_batch_does_not_matter(name: str, model: ModelFile, pictures: FloatArray) -> None:
    engine = opened(name, model)
    together = engine.run(pictures).logits
    alone = np.concatenate([engine.run(pictures[i : i + 1]).logits for i in range(5)])
    assert np.array_equal(together, alone)


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


def test_a_missing_engine_says_how_to_get_it(
    model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'genrescope\[onnxruntime\]'"):
        engines.load("onnxruntime").devices()
    with pytest.raises(EngineError, match="onnxruntime: "):
        engines.open_engine(model, "onnxruntime")


def test_bfloat16_needs_amx() -> None:
    from genrescope.models.engines.openvino import processor_precision

    precision, reason = processor_precision()
    cpu = Path("/proc/cpuinfo")
    amx = cpu.is_file() and "amx_bf16" in cpu.read_text(encoding="ascii", errors="replace")
    assert precision == ("bf16" if amx else "f32")
    assert reason
