"""Small networks in ONNX: a convolution, the average over places, one linear layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from genrescope.models import ModelFile, save_model
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    FloatArray,
    ModelCard,
    PictureSpec,
    SpectrogramSpec,
)

LABELS = ("Jazz", "Rock", "Folk", "Metal", "Blues")
SIDE = 32
SPECS: dict[str, SpectrogramSpec] = {"mel": GENRESCOPE_MEL, "cqt": GENRESCOPE_CQT}


def weights(seed: int, genres: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Kernel (24, 1, 7, 7), head (genres, 24, 1, 1) and bias (genres,)."""
    generator = np.random.default_rng(seed)
    kernel = generator.standard_normal((24, 1, 7, 7), dtype=np.float32) / np.float32(7)
    head = generator.standard_normal((genres, 24, 1, 1)).astype(np.float32)
    bias = generator.standard_normal(genres).astype(np.float32)
    return kernel, head, bias


def graph(seed: int = 0, genres: int = len(LABELS)) -> onnx.ModelProto:
    """The network as ONNX: picture in, logits and cam out."""
    kernel, head, bias = weights(seed, genres)
    places = 7 * 7
    tensors: dict[str, np.ndarray] = {
        "kernel": kernel,
        "head": head / places,
        "bias": bias,
        "axes": np.array([2, 3]),
    }
    nodes = [
        helper.make_node("Conv", ["picture", "kernel"], ["maps"], strides=[4, 4]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("Conv", ["active", "head"], ["cam"]),
        helper.make_node("ReduceSum", ["cam", "axes"], ["summed"], keepdims=0),
        helper.make_node("Add", ["summed", "bias"], ["logits"]),
    ]

    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    made = helper.make_graph(
        nodes,
        "small",
        [value("picture", 1, SIDE, SIDE)],
        [value("logits", genres), value("cam", genres, 7, 7)],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def reference(pictures: FloatArray, seed: int = 0, genres: int = len(LABELS)) -> FloatArray:
    """The same logits in NumPy."""
    kernel, head, bias = weights(seed, genres)
    patches = np.lib.stride_tricks.sliding_window_view(pictures[:, 0], (7, 7), axis=(1, 2))
    maps = np.einsum("nyxij,kij->nkyx", patches[:, ::4, ::4], kernel[:, 0])
    pooled = np.maximum(maps, 0).mean(axis=(2, 3))
    logits: FloatArray = pooled @ head[:, :, 0, 0].T + bias
    return logits


def card(name: str = "small_mel", kind: str = "mel", **changes: object) -> ModelCard:
    """A card that fits the network."""
    fields: dict[str, object] = {
        "name": name,
        "network": "small",
        "spectrogram": SPECS[kind],
        "picture": PictureSpec(SIDE, SIDE),
        "labels": LABELS,
        "temperature": 1.5,
    }
    return ModelCard(**{**fields, **changes})  # type: ignore[arg-type]


def write(folder: Path, name: str = "small_mel", kind: str = "mel", seed: int = 0) -> ModelFile:
    """Write the network with its card as ``NAME.onnx``."""
    return save_model(graph(seed), card(name, kind), folder / f"{name}.onnx")
