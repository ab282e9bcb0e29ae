"""Compiled networks are kept, and nothing depends on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrescope.models.engines import open_engine
from genrescope.models.engines.openvino import cache_folder
from tests import onnx_models

PICTURES = np.ones((2, 1, onnx_models.SIDE, onnx_models.SIDE), dtype=np.float32)


def test_a_second_load_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx_models.write(tmp_path / "models")
    monkeypatch.setenv("GENRESCOPE_CACHE", "")
    assert cache_folder() is None
    expected = open_engine(model, "openvino").run(PICTURES).logits
    folder = tmp_path / "cache" / "deep"
    monkeypatch.setenv("GENRESCOPE_CACHE", str(folder))
    for _ in range(2):
        assert np.array_equal(open_engine(model, "openvino").run(PICTURES).logits, expected)
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b"damaged")
    assert np.array_equal(open_engine(model, "openvino").run(PICTURES).logits, expected)


def test_no_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setenv("GENRESCOPE_CACHE", str(in_the_way / "cache"))
    assert cache_folder() is None
