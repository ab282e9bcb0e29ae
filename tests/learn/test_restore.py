"""A network taken back from its model file computes what the engine computes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("torchvision", reason="the extra 'train' is not installed")

from torch import nn  # noqa: E402

from genrescope.learn import networks, restore  # noqa: E402
from genrescope.learn.export import export_graph  # noqa: E402
from genrescope.learn.optimising import set_blocks  # noqa: E402
from genrescope.learn.recipe import Stage  # noqa: E402
from genrescope.learn.restore import refill_norms, restore_network  # noqa: E402
from genrescope.learn.restore_blocks import fill_blocks  # noqa: E402
from genrescope.models import ModelFile, save_model  # noqa: E402
from genrescope.models.engines import open_engine  # noqa: E402
from genrescope.models.places import built_in_folder  # noqa: E402
from genrescope.models.weights import store_weights_int8  # noqa: E402
from genrescope.models.zoo import read_found  # noqa: E402
from genrescope.types import FloatArray, PictureSpec, TrainingError  # noqa: E402
from tests.onnx_models import card, graph, write  # noqa: E402

pytestmark = pytest.mark.usefixtures("in_float32")

SHIPPED = ("mobilenetv3_mel", "efficientnet_b0_mel", "mobilenetv3_cqt")
PICTURE = PictureSpec(64, 64)
LABELS = ("Jazz", "Rock", "Folk")
BLOCKS = 2
"""Of a transformer, of twelve: all would be 340 MB and half a minute, and come back alike."""


def shipped(name: str) -> ModelFile:
    return read_found(built_in_folder() / f"{name}.onnx")


def pictures(model: ModelFile, count: int = 4) -> FloatArray:
    """Like real ones: values in [0, 1], smooth, normalised as the card says."""
    spec = model.card.picture
    generator = np.random.default_rng(7)
    coarse = generator.uniform(size=(count, spec.channels, 8, 8)).astype(np.float32)
    unit = coarse.repeat(spec.height // 8, axis=2).repeat(spec.width // 8, axis=3)
    return np.ascontiguousarray((unit - spec.mean[0]) / spec.std[0], dtype=np.float32)


def torch_logits(network: nn.Module, given: FloatArray) -> FloatArray:
    with torch.inference_mode():
        logits: FloatArray = network(torch.from_numpy(given)).numpy()
    return logits


@lru_cache(maxsize=1)
def graph_of(name: str) -> onnx.ModelProto:
    """A network whose batch norms have seen something; exporting takes longer than all else."""
    torch.manual_seed(3)
    network: Any = networks.build(name, 1, len(LABELS))
    if name == "vit_b_16":
        set_blocks(network, Stage(64, 1, 1, blocks=BLOCKS))
    with torch.no_grad():
        for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.2)
        for layer in (m for m in network.modules() if isinstance(m, torch.nn.Linear)):
            layer.weight.normal_(0, 0.05)  # some begin as zero
            layer.bias.normal_(0, 0.05)
    return export_graph(network.eval(), PICTURE)


def exported(name: str, folder: Path, *, int8: bool = False) -> ModelFile:
    made = onnx.ModelProto()
    made.CopyFrom(graph_of(name))
    written = store_weights_int8(made) if int8 else made
    described = card("made", network=name, labels=LABELS, picture=PICTURE)
    return save_model(written, described, folder / "made.onnx")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_gives_the_engines_logits(name: str) -> None:
    model = shipped(name)
    given = pictures(model)
    expected = open_engine(model).run(given).logits
    network = restore_network(model)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(torch_logits(network, given), expected, atol=1e-3)


def test_refilled_norms_change_nothing_and_normalise() -> None:
    model = shipped("mobilenetv3_mel")
    given = pictures(model, 8)
    network = restore_network(model)
    before = torch_logits(network, given)
    norm = next(m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert norm.running_mean is not None
    assert not norm.running_mean.any()
    refill_norms(network, [torch.from_numpy(given[:4]), torch.from_numpy(given[4:])])
    np.testing.assert_allclose(torch_logits(network, given), before, atol=1e-3)
    assert norm.running_mean.any()
    network.trunk.train()  # now a training step sees nearly what running sees
    trained = torch_logits(network, given)
    assert np.abs(trained - before).mean() < 0.25 * np.ptp(before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "int8"),
    [*((name, False) for name in networks.names()), ("densenet121", True), ("vit_b_16", True)],
)
def test_every_network_comes_back(name: str, int8: bool, tmp_path: Path) -> None:
    model = exported(name, tmp_path, int8=int8)
    if name == "vit_b_16":  # all twelve blocks would be 340 MB
        assert model.path.stat().st_size < 90e6
    given = pictures(model)
    expected = open_engine(model).run(given).logits
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(
        torch_logits(restore_network(model), given), expected, atol=1e-3, rtol=1e-3
    )


def test_blocks_that_are_not_there_are_missed() -> None:
    network: Any = networks.build("vit_b_16", 1, 3)
    with pytest.raises(TrainingError, match="0 arrays of weights are those of no"):
        fill_blocks(network.trunk, graph().graph)


def test_no_picture_to_refill_norms_on() -> None:
    with pytest.raises(TrainingError, match="no picture"):
        refill_norms(networks.build("mobilenet_v3_large", 1, 2), [])


def test_a_network_that_is_not_trained_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="'small', which cannot be trained further"):
        restore_network(write(tmp_path))


def test_a_card_that_names_the_wrong_network_is_refused(tmp_path: Path) -> None:
    model = save_model(graph(), card(network="mobilenet_v3_large"), tmp_path / "wrong.onnx")
    with pytest.raises(
        TrainingError, match=r"small_mel: its graph is not that of mobilenet_v3_large \(a weight is"
    ):
        restore_network(model)


def test_weights_that_compute_something_else_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(restore, "_make_plain", lambda _, norm, bias: None)
    with pytest.raises(TrainingError, match="its logits differ by"):
        restore_network(exported("mobilenet_v3_large", tmp_path))
