"""Every way to explain keeps what the seam promises, with any model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrescope.classification.looking import Model, see
from genrescope.explain import methods
from genrescope.models.engines import open_engine
from genrescope.types import GenrescopeError
from tests import onnx_models


@pytest.fixture
def model(tmp_path: Path) -> Model:
    written = onnx_models.write(tmp_path)
    return Model(written.card, open_engine(written))


@pytest.mark.parametrize("name", methods.names())
def test_method(name: str, model: Model) -> None:
    windows = np.random.default_rng(0).uniform(0, 1, (2, 128, 128)).astype(np.float32)
    seen = see(model, windows)
    whole = methods.load(name).find(model, windows, seen, 1)
    assert whole.cells.ndim == 3
    assert whole.by_band.ndim == whole.by_time.ndim == 2
    assert len(whole.cells) == len(whole.by_band) == len(whole.by_time) == 2
    assert np.isfinite(whole.cells).all()
    one = methods.load(name).find(model, windows[1:], see(model, windows[1:]), 1)
    assert one.cells[0] == pytest.approx(whole.cells[1], abs=1e-5)


def test_a_way_that_is_not_there() -> None:
    with pytest.raises(GenrescopeError, match="cam, occlusion"):
        methods.load("none")
