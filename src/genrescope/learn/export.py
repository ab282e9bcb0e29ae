"""From a trained network to one model file."""

from __future__ import annotations

import io
import warnings

import onnx
import torch
from torch import nn

from genrescope.learn.networks._pooled import Pooled, WithActivationMap
from genrescope.types import PictureSpec, TrainingError, refuse

OPSET = 18


def export_graph(network: nn.Module, picture: PictureSpec) -> onnx.ModelProto:
    """The network as an ONNX graph: ``picture`` in, ``logits`` and ``cam`` out, any batch.

    Parameters
    ----------
    network : torch.nn.Module
        One of `genrescope.learn.networks`, in evaluation mode.
    picture : PictureSpec

    Returns
    -------
    onnx.ModelProto
        float32, without a card.

    Raises
    ------
    TrainingError
        If the network has no linear head over pooled features.
    """
    refuse(not isinstance(network, Pooled), "only pooled networks are exported", TrainingError)
    assert isinstance(network, Pooled)
    sample = torch.zeros(2, picture.channels, picture.height, picture.width)
    with torch.inference_mode():
        places = network.trunk(sample).shape[2:].numel()
    running = WithActivationMap(network, places).eval()
    return trace_graph(running, sample, ("logits", "cam"))


def trace_graph(
    network: nn.Module, sample: torch.Tensor, outputs: tuple[str, ...]
) -> onnx.ModelProto:
    """Any network from a picture to named outputs as an ONNX graph, for any batch.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    sample : torch.Tensor, shape (batch, channels, height, width)
    outputs : tuple of str
        In the order in which the network gives them.

    Returns
    -------
    onnx.ModelProto
        float32, without a card.
    """
    buffer = io.BytesIO()
    with torch.inference_mode(), warnings.catch_warnings():
        # The exporter by tracing folds batch norms and needs no further package; PyTorch warns,
        # from several places, that another is the default now.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (sample,),
            buffer,  # type: ignore[arg-type]
            input_names=["picture"],
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch"} for name in ("picture", *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    graph: onnx.ModelProto = onnx.load_from_string(buffer.getvalue())
    onnx.checker.check_model(graph)
    return graph
