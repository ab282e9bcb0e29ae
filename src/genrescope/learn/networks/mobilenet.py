"""MobileNetV3-Large (Howard et al. 2019, doi 10.1109/ICCV.2019.00140), torchvision's definition.

The stem takes as many channels as the picture has, and one linear layer replaces the head.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import mobilenet_v3_large

from genrescope.learn.networks._pooled import Pooled, restem

NAMES = ("mobilenet_v3_large",)
PAPER = "https://doi.org/10.1109/ICCV.2019.00140"


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    trunk = mobilenet_v3_large(weights=None).features
    trunk[0][0] = restem(trunk[0][0], channels)
    return Pooled(trunk, 960, genres, dropout)
