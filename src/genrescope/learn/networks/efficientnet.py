"""EfficientNet-B0 (Tan and Le 2019, arXiv 1905.11946), torchvision's definition.

The stem takes as many channels as the picture has, and one linear layer replaces the head.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import efficientnet_b0

from genrescope.learn.networks._pooled import Pooled, restem

NAMES = ("efficientnet_b0",)
PAPER = "https://doi.org/10.48550/arXiv.1905.11946"


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    trunk = efficientnet_b0(weights=None).features
    trunk[0][0] = restem(trunk[0][0], channels)
    return Pooled(trunk, 1280, genres, dropout)
