"""VGG19 with batch norm (Simonyan and Zisserman 2015, arXiv 1409.1556), torchvision's trunk.

The stem takes as many channels as the picture has. One linear layer over the global average stands
in the place of three with 120 million weights, so that the class activation map is exact.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import vgg19_bn

from genrescope.learn.networks._pooled import Pooled, restem

NAMES = ("vgg19_bn",)
PAPER = "https://doi.org/10.48550/arXiv.1409.1556"


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    trunk = vgg19_bn(weights=None).features
    trunk[0] = restem(trunk[0], channels)
    return Pooled(trunk, 512, genres, dropout)
