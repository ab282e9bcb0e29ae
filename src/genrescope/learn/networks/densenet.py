"""DenseNet121 (Huang et al. 2017, doi 10.1109/CVPR.2017.243), torchvision's definition.

The stem takes as many channels as the picture has, and one linear layer replaces the head.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import densenet121

from genrescope.learn.networks._pooled import Pooled, restem

NAMES = ("densenet121",)
PAPER = "https://doi.org/10.1109/CVPR.2017.243"


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    trunk = densenet121(weights=None).features
    trunk.conv0 = restem(trunk.conv0, channels)
    return Pooled(nn.Sequential(trunk, nn.ReLU(inplace=True)), 1024, genres, dropout)
