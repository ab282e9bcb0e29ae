"""The head that a file holds: found by its names, rebuilt with the layers between.

A state dict has weights and no functions. What lies between two linear layers is known where
the layers stand as torchvision's or CCMusic's do; elsewhere a person has to say it.
"""

from __future__ import annotations

import copy
import re
from collections import OrderedDict

import torch
from torch import nn

from genrescope.types import ModelError, refuse

PLACES = ("classifier", "fc", "heads.head", "head")
"""Where torchvision's networks keep their heads."""

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "hardswish": nn.Hardswish,
    "leaky_relu": nn.LeakyReLU,
    "none": nn.Identity,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
"""What may be said to lie between linear layers."""

CCMUSIC = (1, 4, 7, 9)
"""Where the linear layers of CCMusic's classifier stand, with ReLU and dropout between them
(github.com/monet-joe/ccmusic_clstask_eval, model.py); counted from the head's own first layers."""


def place_of(network: nn.Module) -> str:
    """Where a torchvision network keeps its head.

    Raises
    ------
    ModelError
        If at none of the known places.
    """
    for place in PLACES:
        try:
            network.get_submodule(place)
        except AttributeError:
            continue
        return place
    raise ModelError(f"{type(network).__name__} keeps its head where it is not looked for")


def rebuild_head(
    own: nn.Module, tensors: dict[str, torch.Tensor], activation: str | None = None
) -> nn.Module:
    """A head with the layers that a file holds, at least one tensor.

    Parameters
    ----------
    own : torch.nn.Module
        torchvision's head of that network.
    tensors : dict of str to torch.Tensor
        The file's tensors of the head, under names within it.
    activation : str, optional
        One of `ACTIVATIONS`: what lies between linear layers that stand in no known way.

    Returns
    -------
    torch.nn.Module
        With fresh weights under the file's names; its last layer gives the logits.

    Raises
    ------
    ModelError
        If the head has layers that are not linear, or layers of which nobody said what lies
        between.
    """
    if set(tensors) <= {"weight", "bias"}:
        return _linear(tensors, "")
    layers = _linear_places(own, tensors)
    ours = _own_with_widths(own, layers, tensors)
    if ours is not None and activation is None:
        return ours
    leading = _leading(own)
    between = activation or _known_activation(layers, leading)
    chain: OrderedDict[str, nn.Module] = OrderedDict()
    for index, module in enumerate(leading):
        chain[str(index)] = copy.deepcopy(module)
    for place in layers:
        if place != layers[0]:
            chain[f"before{place}"] = ACTIVATIONS[between]()
        chain[str(place)] = _linear(tensors, f"{place}.")
    return nn.Sequential(chain)


def _linear(tensors: dict[str, torch.Tensor], prefix: str) -> nn.Linear:
    weight = tensors.get(f"{prefix}weight")
    refuse(
        weight is None or weight.ndim != 2 or not weight.numel(),
        "the file's head has no table of weights: it is not the end of a network",
        ModelError,
    )
    assert weight is not None
    return nn.Linear(weight.shape[1], weight.shape[0], bias=f"{prefix}bias" in tensors)


def _linear_places(own: nn.Module, tensors: dict[str, torch.Tensor]) -> list[int]:
    """Numbers of the linear layers; everything else in the head must be torchvision's."""
    kept = {f"{i}.{name}" for i, m in enumerate(_leading(own)) for name in m.state_dict()}
    places = set()
    for name, tensor in tensors.items():
        if name in kept:
            continue
        found = re.fullmatch(r"(\d+)\.(weight|bias)", name)
        wide = found is not None and tensor.ndim == (2 if found[2] == "weight" else 1)
        if found is None or not wide or f"{found[1]}.weight" not in tensors:
            shape = " × ".join(map(str, tensor.shape))
            raise ModelError(
                f"the head's tensor {name!r} ({shape}) is of no linear layer: heads with other "
                "layers are not rebuilt here; export the network to ONNX where it was made"
            )
        places.add(int(found[1]))
    refuse(not places, "the file's head has no linear layer", ModelError)
    return sorted(places)


def _children(own: nn.Module) -> list[nn.Module]:
    return list(own.children()) if isinstance(own, nn.Sequential) else [own]


def _leading(own: nn.Module) -> list[nn.Module]:
    """What torchvision's head does before its first linear layer, but for dropout."""
    found: list[nn.Module] = []
    for module in _children(own):
        if isinstance(module, nn.Linear | nn.Dropout):
            break
        found.append(module)
    return found


def _own_with_widths(
    own: nn.Module, layers: list[int], tensors: dict[str, torch.Tensor]
) -> nn.Module | None:
    """Torchvision's head with the file's widths, where the linear layers stand as there."""
    modules = _children(own)
    theirs = [i for i, module in enumerate(modules) if isinstance(module, nn.Linear)]
    if not isinstance(own, nn.Sequential) or layers != theirs:
        return None
    made = copy.deepcopy(own)
    for place in layers:
        made[place] = _linear(tensors, f"{place}.")
    return made


def _known_activation(layers: list[int], leading: list[nn.Module]) -> str:
    if len(layers) == 1 or layers == [place + len(leading) for place in CCMUSIC]:
        return "relu"
    raise ModelError(
        f"the head has linear layers at {', '.join(map(str, layers))} and the file cannot say what "
        f"lies between them: say --activation, one of {', '.join(sorted(ACTIVATIONS))}"
    )


def head_of_module(module: nn.Module, place: str, within: str) -> nn.Module | None:
    """The head of a whole module that was in a file, layers between and all.

    Parameters
    ----------
    module : torch.nn.Module
    place : str
        As `place_of` says.
    within : str
        What wrappers put before every name, e.g. ``model.``.

    Returns
    -------
    torch.nn.Module or None
        A copy; None where it has none there, or one with modules that are not PyTorch's.
    """
    try:
        head = module.get_submodule(within + place)
    except AttributeError:
        return None
    known = all(type(part).__module__.startswith("torch.nn.") for part in head.modules())
    return copy.deepcopy(head) if known else None


def fresh_head(own: nn.Module, genres: int) -> nn.Module:
    """Torchvision's head for so many genres, for a file that holds none."""
    made = copy.deepcopy(own)
    if isinstance(made, nn.Linear):
        return nn.Linear(made.in_features, genres)
    places = [name for name, module in made.named_modules() if isinstance(module, nn.Linear)]
    refuse(not places, "this network's head has no linear layer", ModelError)
    last = made.get_submodule(places[-1])
    assert isinstance(last, nn.Linear)
    made.set_submodule(places[-1], nn.Linear(last.in_features, genres))
    return made


def width(head: nn.Module) -> int:
    """How many logits a head gives.

    Raises
    ------
    ModelError
        If it has no linear layer.
    """
    layers = [module for module in head.modules() if isinstance(module, nn.Linear)]
    refuse(not layers, "the file's head has no linear layer", ModelError)
    return int(layers[-1].out_features)
