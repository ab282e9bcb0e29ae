"""Checkpoints as others make them, from small or freshly made networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torchvision import models

LABELS = ("Jazz", "Rock", "Folk", "Metal", "Blues")
SIDE = 64

Make = Callable[[], nn.Module]


def enliven(network: nn.Module, channels: int = 3, side: int = SIDE) -> nn.Module:
    """Let a fresh network say different things of different pictures.

    Without it the signal dies on the way, every picture has the same logits, and nothing that is
    compared can differ.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.momentum = None
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
            if isinstance(module, nn.Linear):
                module.weight.mul_(3)
        network.train()
        for _ in range(2):
            network(torch.randn(4, channels, side, side))
    return network.eval()


def pictures(count: int = 2, channels: int = 3, side: int = SIDE) -> torch.Tensor:
    """Pictures of chance, the same every time."""
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(7))


def logits(network: nn.Module, given: torch.Tensor) -> torch.Tensor:
    """What a network says, and that it does not say the same of every picture."""
    with torch.inference_mode():
        said: torch.Tensor = network(given)
    assert float((said[0] - said[1]).abs().max()) > 0.05, "a network that tells nothing apart"
    return said


def ccmusic_head(features: int, genres: int) -> nn.Sequential:
    """A classifier with the widths and places of CCMusic's."""
    ratio = (features / genres) ** 0.25
    first = int(ratio * genres)
    second = int(ratio * first)
    third = int(ratio * second)
    return nn.Sequential(
        nn.Dropout(), nn.Linear(features, third), nn.ReLU(),
        nn.Dropout(), nn.Linear(third, second), nn.ReLU(),
        nn.Dropout(), nn.Linear(second, first), nn.ReLU(),
        nn.Linear(first, genres),
    )  # fmt: skip


def mobilenet(genres: int = len(LABELS), ccmusic: bool = False) -> nn.Module:
    """MobileNetV3-Large with torchvision's head, or with CCMusic's."""
    torch.manual_seed(1)
    network = models.mobilenet_v3_large(num_classes=genres)
    if ccmusic:
        network.classifier = ccmusic_head(960, genres)
    return enliven(network)


def shufflenet(genres: int = len(LABELS), channels: int = 3) -> nn.Module:
    """ShuffleNetV2 at half its width: torchvision's smallest, quick to write and read."""
    torch.manual_seed(1)
    network = models.shufflenet_v2_x0_5(num_classes=genres)
    if channels != 3:
        network.conv1[0] = nn.Conv2d(channels, 24, 3, 2, 1, bias=False)
    return enliven(network, channels)


def small_vgg(genres: int = len(LABELS), channels: int = 3) -> nn.Module:
    """A VGG with torchvision's layout and a head of three linear layers, a few numbers wide."""
    torch.manual_seed(1)
    with torch.device("meta"):
        network = models.VGG(nn.Sequential(), init_weights=False)
    network.features = nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4)
    )
    network.classifier = nn.Sequential(
        nn.Linear(8 * 49, 32), nn.ReLU(), nn.Dropout(),
        nn.Linear(32, 24), nn.ReLU(), nn.Dropout(),
        nn.Linear(24, genres),
    )  # fmt: skip
    return enliven(network, channels)


class Softly(nn.Module):
    """A network in a wrapper that ends in a softmax: no weight tells of it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        softened: torch.Tensor = self.model(given).softmax(1)
        return softened


def save(content: object, folder: Path, name: str = "save.pt") -> Path:
    """Write with `torch.save`."""
    path = folder / name
    torch.save(content, path)
    return path
