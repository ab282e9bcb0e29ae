"""Networks at batch 1: OpenVINO beside ONNX Runtime and eager PyTorch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np

from genrescope import models as zoo
from genrescope.apps.bench.timing import Call, Row, alone, pair
from genrescope.classification.classifier import Model
from genrescope.models import engines
from genrescope.types import FloatArray, ModelCard


def measure(models: Sequence[Model], *, repeats: int = 7) -> list[Row]:
    """One row a model and rival, or a row by itself where no rival is installed.

    Parameters
    ----------
    models : sequence of Model
    repeats : int

    Returns
    -------
    list of Row
        Milliseconds a window.
    """
    rows: list[Row] = []
    for model in models:
        spec = model.card.spectrogram
        shape = (1, spec.bands, spec.frames)
        window = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
        picture = _picture(model.card, window)
        name = f"{model.card.name}, one window"

        def ours(model: Model = model, picture: FloatArray = picture) -> object:
            return model.engine.run(picture)

        found = rivals(model, window, picture)
        rows.extend(pair(name, ours, label, call, repeats) for label, call in found)
        if not found:
            rows.append(alone(name, ours, repeats))
    return rows


def _picture(card: ModelCard, window: FloatArray) -> FloatArray:
    from genrescope.spectrogram.picture import draw_picture

    return draw_picture(window, card.picture)


def rivals(model: Model, window: FloatArray, picture: FloatArray) -> list[tuple[str, Call]]:
    """Other ways to run the same network that are installed, each by name."""
    found: list[tuple[str, Call]] = []
    other = engines.load("onnxruntime")
    if other.available()[0] and model.engine.name != "onnxruntime":
        session = other.load(zoo.find(model.card.name), "CPU")
        found.append(("ONNX Runtime", lambda: session.run(picture)))
    if importlib.util.find_spec("torch") and importlib.util.find_spec("torchvision"):
        infer = eager(model.card)
        if infer is not None:
            found.append(("eager PyTorch", lambda: infer(window)))
    return found


def eager(card: ModelCard) -> Callable[[FloatArray], FloatArray] | None:
    """The same architecture in eager PyTorch, from a window in [0, 1]; None where unknown.

    Its weights are fresh: time does not depend on them.
    """
    from genrescope.learn import networks
    from genrescope.learn.watching import torch_infer

    if card.network not in networks.names():
        return None
    network = networks.build(card.network, card.picture.channels, len(card.labels)).eval()
    return torch_infer(network, card.picture)
