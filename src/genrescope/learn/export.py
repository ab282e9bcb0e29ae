"""From a trained network to one model file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import onnx
import torch
from torch import nn
from torch.jit import TracerWarning  # type: ignore[attr-defined]

from genrescope.learn.networks._pooled import Pooled, WithActivationMap
from genrescope.types import PictureSpec

OPSET = 18


def export_graph(network: nn.Module, picture: PictureSpec) -> onnx.ModelProto:
    """The network as an ONNX graph: ``picture`` in, ``logits`` out, any batch.

    ``cam`` comes out beside them where the network pools over places and has one linear layer.

    Parameters
    ----------
    network : torch.nn.Module
        One of `genrescope.learn.networks`, in evaluation mode.
    picture : PictureSpec

    Returns
    -------
    onnx.ModelProto
        float32, without a card.
    """
    sample = torch.zeros(2, picture.channels, picture.height, picture.width)
    outputs = ["logits"]
    if isinstance(network, Pooled):
        with torch.inference_mode():
            places = network.trunk(sample).shape[2:].numel()
        network = WithActivationMap(network, places).eval()
        outputs.append("cam")
    return trace_graph(network, sample, outputs)


def trace_graph(
    network: nn.Module, sample: torch.Tensor, outputs: Sequence[str]
) -> onnx.ModelProto:
    """Any network from a picture to named outputs as an ONNX graph, for any batch.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    sample : torch.Tensor, shape (batch, channels, height, width)
    outputs : sequence of str
        In the order in which the network gives them.

    Returns
    -------
    onnx.ModelProto
        float32, without a card.
    """
    graph = onnx.load_from_string(_trace(network, sample, list(outputs)))
    onnx.checker.check_model(graph)
    return graph


def _trace(network: nn.Module, sample: torch.Tensor, outputs: list[str]) -> bytes:
    """The exporter by tracing: it folds batch norms and needs no further package."""
    buffer = io.BytesIO()
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # attention's fast path has no ONNX form
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            # PyTorch warns, from several places, that another exporter is the default now, and
            # that a picture's size becomes part of the graph: that is meant.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", TracerWarning)
            torch.onnx.export(
                network,
                (sample,),
                buffer,  # type: ignore[arg-type]
                input_names=["picture"],
                output_names=outputs,
                dynamic_axes={name: {0: "batch"} for name in ("picture", *outputs)},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return buffer.getvalue()
