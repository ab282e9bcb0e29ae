"""From a model file back to the PyTorch network it was exported from.

An exported graph holds no batch norm that follows a convolution: it was folded into the weights
and the bias. What is taken back here computes the same: the folded weights stand in the
convolution, and the norm adds the bias and changes nothing else. `refill_norms` then gives the
norms something to normalise, so that training can go on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from genrescope.learn import networks
from genrescope.learn.graph_constants import Constants
from genrescope.learn.networks._pooled import Pooled
from genrescope.learn.networks.vit import Patches
from genrescope.learn.restore_blocks import fill_blocks, put
from genrescope.models.engines import open_engine
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.types import TrainingError, refuse

if TYPE_CHECKING:
    import onnx

TOLERANCE = 2e-3
"""Greatest difference of a logit from the engine's, in float32 both."""

IN_FLOAT32 = "onnxruntime"
"""The engine that computes so whatever the processor would rather have."""

WEIGHTED = ("Conv", "BatchNormalization")


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A module as it ran: a convolution, or a norm with whether one fed it directly."""

    name: str
    module: nn.Module
    follows: bool


def restore_network(model: ModelFile) -> Pooled:
    """The network of a model file, with the file's weights, in evaluation mode.

    Parameters
    ----------
    model : ModelFile
        Written by `genrescope.learn.export` from one of `genrescope.learn.networks`.

    Returns
    -------
    Pooled

    Raises
    ------
    TrainingError
        If its network is none that is trained here, its graph is not that network's, or what was
        taken back computes other logits than the engine.
    ModelError
        If the file changed, or nothing here can run it.
    """
    import onnx

    card = model.card
    if card.network not in networks.names():
        raise TrainingError(
            f"{card.name} holds the network {card.network!r}, which cannot be trained further "
            f"here; networks that can: {', '.join(networks.names())}"
        )
    network = networks.build(card.network, card.picture.channels, len(card.labels))
    if not isinstance(network, Pooled) or model.cam_shape is None:
        raise TrainingError(f"{card.name}: weights of {card.network} cannot be taken back")
    network.eval()
    graph = onnx.load_model_from_string(runnable_bytes(model, int8=False)).graph
    sample = torch.zeros(1, card.picture.channels, card.picture.height, card.picture.width)
    with torch.no_grad():
        try:
            head = _fill_trunk(_steps(network, sample), graph)
            _fill_head(network.head, head, graph, model.cam_shape)
            if isinstance(network.trunk, Patches):
                fill_blocks(network.trunk, graph)
        except (TrainingError, LookupError, ValueError, RuntimeError) as error:
            raise TrainingError(
                f"{card.name}: its graph is not that of {card.network} ({error})"
            ) from error
    _compare(network, model)
    return network


def _steps(network: Pooled, sample: torch.Tensor) -> list[_Step]:
    """Convolutions and norms of the trunk in the order in which they compute."""
    steps: list[_Step] = []
    made: dict[int, torch.Tensor] = {}

    def watch(name: str, module: nn.Module) -> Any:
        def note(_: nn.Module, given: tuple[torch.Tensor, ...], result: torch.Tensor) -> None:
            steps.append(_Step(name, module, id(given[0]) in made))
            if isinstance(module, nn.Conv2d):
                made[id(result)] = result  # held, so that no other tensor takes its id

        return module.register_forward_hook(note)

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    handles = [watch(n, m) for n, m in network.trunk.named_modules() if isinstance(m, kinds)]
    try:
        network.trunk(sample)
    finally:
        for handle in handles:
            handle.remove()
    return steps


def _fill_trunk(steps: Sequence[_Step], graph: onnx.GraphProto) -> onnx.NodeProto:
    """Give every module its weights; what is left over is the head's node."""
    constants = Constants(graph)
    waiting = deque(node for node in graph.node if node.op_type in WEIGHTED)
    output, bias = "", None
    convolution: nn.Conv2d | None = None
    for step in steps:
        module, node = step.module, waiting[0]
        if isinstance(module, nn.BatchNorm2d):
            own = node.op_type == "BatchNormalization"
            if step.follows and not (own and node.input[0] == output):
                assert convolution is not None
                _make_plain(convolution, module, bias)
                continue
            refuse(not own, f"{step.name} has no batch norm", TrainingError)
            _take_norm(module, [constants.read(name) for name in waiting.popleft().input[1:5]])
            continue
        assert isinstance(module, nn.Conv2d)
        refuse(node.op_type != "Conv", f"{step.name} has no convolution", TrainingError)
        waiting.popleft()
        convolution, output = module, node.output[0]
        put(module.weight, constants.read(node.input[1]))
        bias = constants.read(node.input[2]) if len(node.input) > 2 else None
        if module.bias is not None:
            put(module.bias, np.zeros(module.out_channels) if bias is None else bias)
    left = [node.op_type for node in waiting]
    refuse(left != ["Conv"], f"layers are left over: {left}", TrainingError)
    last: onnx.NodeProto = waiting[0]
    return last


def _make_plain(convolution: nn.Conv2d, norm: nn.BatchNorm2d, bias: np.ndarray | None) -> None:
    """A norm that adds `bias` and changes nothing else."""
    if convolution.bias is not None:
        convolution.bias.zero_()
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    mean.zero_()
    variance.fill_(1.0 - norm.eps)
    norm.weight.fill_(1.0)
    put(norm.bias, np.zeros(norm.num_features) if bias is None else bias)


def _take_norm(norm: nn.BatchNorm2d, arrays: list[np.ndarray]) -> None:
    places = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    for place, values in zip(places, arrays, strict=True):
        assert place is not None
        put(place, values)


def _fill_head(
    head: nn.Linear, node: onnx.NodeProto, graph: onnx.GraphProto, places: tuple[int, int]
) -> None:
    """The head stands in the graph as a convolution, its weights divided by the places."""
    constants = Constants(graph)
    weight = constants.read(node.input[1])
    put(head.weight, weight.reshape(weight.shape[:2]) * (places[0] * places[1]))
    sums = [n for n in graph.node if n.op_type == "Add"]
    known = [constants.read(name) for name in sums[-1].input if constants.knows(name)]
    refuse(len(known) != 1, "the head has no bias", TrainingError)
    put(head.bias, known[0].reshape(-1))


def _compare(network: Pooled, model: ModelFile) -> None:
    picture = model.card.picture
    shape = (2, picture.channels, picture.height, picture.width)
    pictures = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    engine = open_engine(model, IN_FLOAT32, "CPU")
    with torch.inference_mode():
        given = network(torch.from_numpy(pictures)).numpy()
    apart = float(np.abs(given - engine.run(pictures).logits).max())
    refuse(
        not apart <= TOLERANCE,
        f"{model.card.name}: taken back into PyTorch its logits differ by {apart:.3g}",
        TrainingError,
    )


def refill_norms(network: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Give batch norms the mean and variance of what they see; what the network computes stays.

    A norm that changes nothing in evaluation would, in training, normalise by each batch and so
    change everything. With its statistics measured and its scale and shift chosen to undo them,
    both agree.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    batches : iterable of torch.Tensor, shape (batch, channels, height, width)
        Pictures of what will be trained on; about a hundred are enough.

    Raises
    ------
    TrainingError
        If there is no picture.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    sums = [torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms]

    def watch(norm: nn.BatchNorm2d, total: torch.Tensor) -> Any:
        def note(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            values = given[0].double()
            count = values.numel() / values.shape[1]
            total[0] += count
            total[1] += values.sum(dim=(0, 2, 3))
            total[2] += values.square().sum(dim=(0, 2, 3))

        return norm.register_forward_pre_hook(note)

    handles = [watch(norm, total) for norm, total in zip(norms, sums, strict=True)]
    seen = 0
    try:
        network.eval()
        with torch.inference_mode():
            for batch in batches:
                network(batch)
                seen += len(batch)
    finally:
        for handle in handles:
            handle.remove()
    refuse(seen == 0, "no picture to measure batch norms on", TrainingError)
    with torch.no_grad():
        for norm, (count, total, squares) in zip(norms, sums, strict=True):
            mean = total / count
            _refill(norm, mean, (squares / count - mean.square()).clamp(min=0))


def _refill(norm: nn.BatchNorm2d, mean: torch.Tensor, variance: torch.Tensor) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(scale * (norm.running_var + norm.eps).sqrt())
    norm.bias.copy_(shift + scale * norm.running_mean)
