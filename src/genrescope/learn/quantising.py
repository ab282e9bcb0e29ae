"""Static int8: a network that multiplies in int8, activations too, where that pays.

The scales of activations are what real training windows make them (post-training quantisation:
Nagel et al. 2021, arXiv 2106.08295). NNCF does it, because OpenVINO fuses what it writes.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genrescope.learn.augment import cut_windows
from genrescope.learn.excerpts import Excerpts
from genrescope.models import engines
from genrescope.models.engines import Engine
from genrescope.models.engines.openvino import without_telemetry
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import FloatArray, MissingExtraError, ModelCard, Report

if TYPE_CHECKING:
    import onnx

WINDOWS = 300
"""So many training windows calibrate the scales of activations."""

LARGEST_LOSS = 0.005
"""Static int8 is kept where top-1 falls by less than half a point over all songs compared."""

LEAST_SPEED = 1.2
"""And where it is so many times as fast as float32."""

ROUNDS = 15


def calibrating_pictures(
    collections: Sequence[Excerpts], card: ModelCard, count: int = WINDOWS
) -> list[FloatArray]:
    """Pictures of real training windows, as many from each collection as from the others.

    Parameters
    ----------
    collections : sequence of Excerpts
    card : ModelCard
        Says which pictures the network looks at.
    count : int

    Returns
    -------
    list of ndarray of float32, shape (1, channels, height, width)
        The same ones every time.
    """
    generator = np.random.default_rng(0)
    parts = [part for part in (e.split("train") for e in collections) if len(part)]
    pictures: list[FloatArray] = []
    for part in parts:
        drawn = generator.integers(0, len(part), -(-count // len(parts)))
        excerpts = [part.pictures(card.spectrogram.kind)[i] for i in drawn]
        windows = cut_windows(excerpts, card.spectrogram.frames, 0.0, generator)
        pictures += [draw_picture(window[None], card.picture) for window in windows]
    return pictures[:count]


def quantise_network(
    model: onnx.ModelProto, pictures: Sequence[FloatArray], *, spare_first: bool = False
) -> onnx.ModelProto:
    """A copy of a network that computes in int8, but for its head.

    Parameters
    ----------
    model : onnx.ModelProto
        In float32; left as it is.
    pictures : sequence of ndarray of float32, shape (1, channels, height, width)
        What the scales of activations are measured on.
    spare_first : bool
        Whether the first convolution stays in float32, too: it sees the picture's fine steps.

    Returns
    -------
    onnx.ModelProto
        With QuantizeLinear and DequantizeLinear nodes; weights are int8 in the file. The layer
        that gives ``cam`` (or ``logits``) and what follows it stay in float32, so that the sum
        of the class activation map remains the logit.

    Raises
    ------
    MissingExtraError
        Without NNCF or ONNX Runtime, which are in the ``train`` extra.
    """
    nncf = _nncf()
    model = _named(model)
    spared = _ending(model.graph) + (_beginning(model.graph) if spare_first else [])
    with contextlib.redirect_stdout(sys.stderr):  # its bars must not stand among results
        quantised: onnx.ModelProto = nncf.quantize(
            model,
            nncf.Dataset(pictures, lambda picture: {"picture": picture}),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
            ignored_scope=nncf.IgnoredScope(names=spared),
        )
    return quantised


def _named(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every node has a name."""
    named = type(model)()
    named.CopyFrom(model)
    for place, node in enumerate(named.graph.node):
        node.name = node.name or f"{node.op_type}.{place}"
    return named


def _beginning(graph: onnx.GraphProto) -> list[str]:
    """Names of the first convolution and of all that comes before it."""
    kinds = [node.op_type for node in graph.node]
    last = kinds.index("Conv") if "Conv" in kinds else 0
    return [node.name for node in graph.node[: last + 1]]


def _ending(graph: onnx.GraphProto) -> list[str]:
    """Names of the node that gives the map (or the logits) and of all that comes after it."""
    outputs = [value.name for value in graph.output]
    reached = {"cam" if "cam" in outputs else "logits"}
    names = [node.name for node in graph.node if reached & set(node.output)]
    for node in graph.node:  # in the order in which they compute
        if reached & set(node.input):
            reached.update(node.output)
            names.append(node.name)
    return names


def _nncf() -> Any:
    there, _ = engines.load("onnxruntime").available()  # imported so that it reports nothing
    if not there:
        raise MissingExtraError("ONNX Runtime", "train")
    try:
        with without_telemetry():
            import nncf
    except ImportError as error:
        raise MissingExtraError("NNCF", "train") from error
    nncf.set_log_level(logging.ERROR)
    return nncf


def speed_ratio(engine: Engine, other: Engine, picture: FloatArray) -> float:
    """How many times as fast as the first the second engine looks at a picture.

    Parameters
    ----------
    engine, other : Engine
    picture : ndarray of float32, shape (1, channels, height, width)

    Returns
    -------
    float
        Ratio of the medians, the two taking turns.
    """
    turns = [(_timed(engine, picture), _timed(other, picture)) for _ in range(ROUNDS)]
    first, second = np.median(np.array(turns), axis=0)
    return float(first / second)


def _timed(engine: Engine, picture: FloatArray) -> float:
    began = time.perf_counter()
    engine.run(picture)
    return time.perf_counter() - began


def top1_change(before: Sequence[Report], after: Sequence[Report]) -> float:
    """What became of top-1 over the songs of all reports together, as a share of them.

    Parameters
    ----------
    before, after : sequence of Report
        On the same songs in the same order; at least one song.
    """
    changes = [
        b.n * (a.score("top1").value - b.score("top1").value)
        for b, a in zip(before, after, strict=True)
    ]
    return sum(changes) / sum(b.n for b in before)


def is_as_good(change: float) -> bool:
    """Whether a change of top-1 is a fall by less than `LARGEST_LOSS`, rounding set aside.

    Examples
    --------
    >>> is_as_good(-0.0049), is_as_good(-0.004999999999999966), is_as_good(-0.01)
    (True, False, False)
    """
    return round(change, 9) > -LARGEST_LOSS
