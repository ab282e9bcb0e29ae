"""ResNet50 (He et al. 2016, doi 10.1109/CVPR.2016.90), torchvision's definition.

The stem takes as many channels as the picture has, and one linear layer replaces the head.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import resnet50

from genrescope.learn.networks._pooled import Pooled, restem

NAMES = ("resnet50",)
PAPER = "https://doi.org/10.1109/CVPR.2016.90"


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    whole = resnet50(weights=None, zero_init_residual=True)
    whole.conv1 = restem(whole.conv1, channels)
    stages = [layer for key, layer in whole.named_children() if key not in ("avgpool", "fc")]
    return Pooled(nn.Sequential(*stages), 2048, genres, dropout)
