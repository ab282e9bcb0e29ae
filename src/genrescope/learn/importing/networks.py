"""torchvision's networks as others train them: original heads, any head of linear layers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torchvision import models as torchvision_models

from genrescope.learn.networks._pooled import Pooled
from genrescope.types import ModelError, PictureSpec, refuse

SEED = 0


def names() -> tuple[str, ...]:
    """Names of the networks that weights can be imported for."""
    return tuple(torchvision_models.list_models(module=torchvision_models))


def build(name: str, picture: PictureSpec) -> nn.Module:
    """Torchvision's network with fresh weights and its original head.

    Parameters
    ----------
    name : str
        As torchvision calls it.
    picture : PictureSpec
        Its channels decide on the stem; a vision transformer also needs its size.

    Raises
    ------
    ModelError
        If there is no such network, or it cannot see such a picture.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), 3)
        hint = f"did you mean {', '.join(near)}?" if near else "they are named as in torchvision"
        raise ModelError(f"no network {name!r} to import weights for; {hint}")
    options: dict[str, object] = {}
    if name.startswith("vit_"):
        refuse(picture.height != picture.width, f"{name} sees square pictures only", ModelError)
        options["image_size"] = picture.height
    if name in ("inception_v3", "googlenet"):
        options["init_weights"] = True
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        try:
            network: nn.Module = torchvision_models.get_model(name, weights=None, **options)
        except (AssertionError, ValueError) as error:
            raise ModelError(f"{name} cannot see such a picture: {error}") from error
        if picture.channels != 3:
            _restem(network, picture.channels)
    return network.eval()


def _restem(network: nn.Module, channels: int) -> None:
    """Let the first convolution take so many channels."""
    name, stem = next((n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d))
    made = nn.Conv2d(
        channels,
        stem.out_channels,
        stem.kernel_size,  # type: ignore[arg-type]
        stem.stride,  # type: ignore[arg-type]
        stem.padding,  # type: ignore[arg-type]
        bias=stem.bias is not None,
    )
    network.set_submodule(name, made)


def set_batch_norm_eps(network: nn.Module, eps: float) -> None:
    """Give every batch norm the smallest variance that another library's have."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = eps


class Flip(nn.Module):
    """Turns feature maps upside down: row 0 becomes the lowest band, as a map's should be."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """The same shape, (batch, features, h, w)."""
        return maps.flip(2)


class FixedPool(nn.Module):
    """An adaptive average pool for maps of one size, as two products with matrices.

    ONNX has no adaptive pool whose output does not divide its input.

    Parameters
    ----------
    size_in, size_out : tuple of int
        Height and width.
    """

    def __init__(self, size_in: tuple[int, int], size_out: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("rows", _averages(size_in[0], size_out[0]), persistent=False)
        self.register_buffer("columns", _averages(size_in[1], size_out[1]).T, persistent=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """From (batch, features, h, w) to (batch, features, *size_out)."""
        pooled: torch.Tensor = self.rows @ maps @ self.columns  # type: ignore[operator]
        return pooled


def _averages(size_in: int, size_out: int) -> torch.Tensor:
    matrix = torch.zeros(size_out, size_in)
    for row in range(size_out):
        first, last = row * size_in // size_out, -(-(row + 1) * size_in // size_out)
        matrix[row, first:last] = 1 / (last - first)
    return matrix


def runnable(network: nn.Module, place: str, picture: PictureSpec) -> nn.Module:
    """The network in the form that is written: with an exact activation map where it has one.

    Parameters
    ----------
    network : torch.nn.Module
        With its weights, in evaluation mode.
    place : str
        Where its head is.
    picture : PictureSpec

    Returns
    -------
    torch.nn.Module
        A `Pooled` where one linear layer follows a global average; else the network itself.
    """
    trunk, head = _trunk(network), _single_linear(network.get_submodule(place))
    if trunk is None or head is None:
        _fix_pools(network, picture)
        return network
    if picture.lowest_row == "last":
        trunk = nn.Sequential(trunk, Flip())
    made = Pooled(trunk, head.in_features, head.out_features, 0.0)
    made.head.weight.data = head.weight.data.clone()
    made.head.bias.data = (
        torch.zeros(head.out_features) if head.bias is None else head.bias.data.clone()
    )
    return made.eval()


def _single_linear(head: nn.Module) -> nn.Linear | None:
    """The linear layer of a head that is nothing else, but for dropout."""
    parts = list(head.children()) if isinstance(head, nn.Sequential) else [head]
    parts = [part for part in parts if not isinstance(part, nn.Dropout | nn.Identity)]
    alone = parts[0] if len(parts) == 1 else None
    return alone if isinstance(alone, nn.Linear) else None


def _trunk(network: nn.Module) -> nn.Module | None:
    """What comes before a global average; None for networks that pool otherwise."""
    if isinstance(network, torchvision_models.ResNet | torchvision_models.ShuffleNetV2):
        parts: Iterable[tuple[str, nn.Module]] = network.named_children()
        return nn.Sequential(*(part for name, part in parts if name not in ("avgpool", "fc")))
    if isinstance(network, torchvision_models.DenseNet):
        return nn.Sequential(network.features, nn.ReLU(inplace=True))
    globally = (
        torchvision_models.EfficientNet,
        torchvision_models.MobileNetV2,
        torchvision_models.MobileNetV3,
    )
    return network.features if isinstance(network, globally) else None


def _fix_pools(network: nn.Module, picture: PictureSpec) -> None:
    """Put matrices in the place of adaptive pools that ONNX cannot say, for this picture's size."""
    sizes: dict[str, tuple[int, int]] = {}
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.AdaptiveAvgPool2d):

            def note(
                _: nn.Module, given: tuple[torch.Tensor, ...], __: object, name: str = name
            ) -> None:
                sizes[name] = (given[0].shape[2], given[0].shape[3])

            hooks.append(module.register_forward_hook(note))
    if hooks:
        with torch.inference_mode():
            network(torch.zeros(1, picture.channels, picture.height, picture.width))
    for hook in hooks:
        hook.remove()
    for name, size in sizes.items():
        wanted: Any = network.get_submodule(name).output_size
        rows, columns = (wanted, wanted) if isinstance(wanted, int) else wanted
        target = (rows or size[0], columns or size[1])  # None stands for what comes in
        if size[0] % target[0] or size[1] % target[1]:
            network.set_submodule(name, FixedPool(size, target))
