"""Trunk, global average, one linear layer: the form that all convolutional networks share."""

from __future__ import annotations

import torch
from torch import nn


class Pooled(nn.Module):
    """A trunk of feature maps under a linear head.

    Parameters
    ----------
    trunk : torch.nn.Module
        From (batch, channels, height, width) to (batch, features, h, w).
    features, genres : int
    dropout : float
        On the pooled features, in training only.
    """

    def __init__(self, trunk: nn.Module, features: int, genres: int, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, genres)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, genres)."""
        pooled = self.trunk(picture).mean(dim=(2, 3))
        logits: torch.Tensor = self.head(self.dropout(pooled))
        return logits


def restem(stem: nn.Conv2d, channels: int) -> nn.Conv2d:
    """The first convolution for a picture of so many channels: the same one, or a fresh one."""
    if channels == stem.in_channels:
        return stem
    fresh = nn.Conv2d(
        channels,
        stem.out_channels,
        stem.kernel_size,  # type: ignore[arg-type]
        stride=stem.stride,  # type: ignore[arg-type]
        padding=stem.padding,  # type: ignore[arg-type]
        bias=stem.bias is not None,
    )
    nn.init.kaiming_normal_(fresh.weight, mode="fan_out")
    if fresh.bias is not None:
        nn.init.zeros_(fresh.bias)
    return fresh


class WithActivationMap(nn.Module):
    """The same network for running: logits, and the map whose sum over places they are.

    Parameters
    ----------
    network : Pooled
    places : int
        Places of the last feature map: the average is over them.
    """

    def __init__(self, network: Pooled, places: int) -> None:
        super().__init__()
        self.trunk = network.trunk
        self.head = nn.Conv2d(network.head.in_features, network.head.out_features, 1, bias=False)
        self.head.weight.data = network.head.weight.data[:, :, None, None] / places
        self.bias = nn.Parameter(network.head.bias.data.clone())

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (batch, genres) and cam (batch, genres, h, w), cam.sum(h, w) + bias = logits."""
        cam = self.head(self.trunk(picture))
        return cam.sum(dim=(2, 3)) + self.bias, cam
