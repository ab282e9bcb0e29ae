"""Networks at batch 1: OpenVINO beside ONNX Runtime and eager PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from genrescope import models as zoo
from genrescope.apps.bench.field import same_network
from genrescope.apps.bench.timing import Call, Row, alone, pair
from genrescope.classification.looking import Model
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
        picture = noise_picture(model.card)
        name = f"{model.card.name}, one window"

        def ours(model: Model = model, picture: FloatArray = picture) -> object:
            return model.engine.run(picture)

        found = rivals(model, picture)
        rows += [
            replace(pair(name, ours, label, call, repeats), note=note)
            for label, call, note in found
        ]
        if not found:
            rows.append(alone(name, ours, repeats))
    return rows


def noise_picture(card: ModelCard) -> FloatArray:
    """One window of noise as the model's picture: what a network takes does not depend on it."""
    from genrescope.spectrogram.picture import draw_picture

    shape = (1, card.spectrogram.bands, card.spectrogram.frames)
    window = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    return draw_picture(window, card.picture)


def rivals(model: Model, picture: FloatArray) -> list[tuple[str, Call, str]]:
    """Other ways to run the same network that are installed: name, call, what is not the same."""
    found: list[tuple[str, Call, str]] = []
    other = engines.load("onnxruntime")
    if other.available()[0] and model.engine.name != "onnxruntime":
        session = other.load(zoo.find(model.path or model.card.name), "CPU")
        found.append(("ONNX Runtime", lambda: session.run(picture), ""))
    network, note = same_network(model.path or model.card.name)
    if network is not None:
        from genrescope.learn.watching import torch_look

        eager = torch_look(network)
        found.append(("eager PyTorch", lambda: eager(picture), note))
    return found
