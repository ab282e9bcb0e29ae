"""ViT-B/16 (Dosovitskiy et al. 2021, arXiv 2010.11929), torchvision's definition but for its pool.

Its stem is torchvision's convolutional one: four 3 × 3 convolutions that halve the picture and
one 1 × 1, in place of a single 16 × 16 patch (Xiao et al. 2021, arXiv 2106.14881).

It takes pictures of any size that sixteen divides: its 14 × 14 learned positions are interpolated
to the patches of the picture. The mean over patches replaces the class token, and positions begin
as sines and cosines, both after Beyer, Zhai and Kolesnikov (2022, arXiv 2205.01580): it learns
faster so, and its activation map is as exact as a convolutional network's.

Its last blocks begin as the identity (the layers that write into the residual path are zero there,
as in Fixup: Zhang, Dauphin and Ma 2019, arXiv 1901.09321). A stage of a recipe may leave out
`blocks` that have not learned yet: the network computes the same without them, in less time.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torchvision.models.vision_transformer import ConvStemConfig, VisionTransformer

from genrescope.learn.networks._pooled import Pooled, restem
from genrescope.spectrogram.picture import resize_matrix

NAMES = ("vit_b_16",)
PAPER = "https://doi.org/10.48550/arXiv.2010.11929"
GRID = 14
STEM = (48, 96, 192, 384)
"""Channels of the stem's convolutions, each of which halves the picture."""
AWAKE = 4
"""Blocks that do not begin as the identity."""


class Patches(nn.Module):
    """The trunk of torchvision's ViT-B/16, for pictures of any size.

    Parameters
    ----------
    channels : int

    Attributes
    ----------
    blocks : int
        How many of its transformer blocks run: all of them, but where a stage leaves some out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        whole = _whole()
        self.stem = whole.conv_proj
        self.stem[0][0] = restem(self.stem[0][0], channels)
        self.positions = nn.Parameter(sines(GRID, whole.hidden_dim))
        self.layers = whole.encoder.layers
        self.norm = whole.encoder.ln
        self.blocks = len(self.layers)
        for block in self.layers[AWAKE:]:
            make_identity(block)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Feature maps, shape (batch, features, height / 16, width / 16)."""
        patches = self.stem(picture)
        rows, columns = patches.shape[2:]
        patches = patches + self._positions(int(rows), int(columns))
        tokens = patches.flatten(2).transpose(1, 2)
        fastest = sdpa_kernel(SDPBackend.MATH) if self.training else nullcontext()
        with fastest:  # where it learns: of so few tokens the fused attention is slower
            tokens = self.layers[: self.blocks](tokens)
        maps: torch.Tensor = self.norm(tokens).transpose(1, 2).unflatten(2, (rows, columns))
        return maps

    def _positions(self, rows: int, columns: int) -> torch.Tensor:
        if (rows, columns) == (GRID, GRID):
            return self.positions
        down, across = (
            torch.tensor(resize_matrix(GRID, size)).to(self.positions) for size in (rows, columns)
        )  # what `interpolate` does, which has no ONNX form where it is antialiased
        return down @ self.positions @ across.T


def _whole() -> VisionTransformer:
    """The network as torchvision has it, with its convolutional stem."""
    return VisionTransformer(
        image_size=16 * GRID,
        patch_size=16,
        num_layers=12,
        num_heads=12,
        hidden_dim=768,
        mlp_dim=3072,
        conv_stem_configs=[ConvStemConfig(out_channels=c, kernel_size=3, stride=2) for c in STEM],
    )


def make_identity(block: nn.Module) -> None:
    """Have a transformer block add nothing to what comes in."""
    for name in ("self_attention.out_proj", "mlp.3"):
        last = block.get_submodule(name)
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)


def sines(grid: int, features: int) -> torch.Tensor:
    """Where a patch lies, as sines and cosines of its row and its column.

    Parameters
    ----------
    grid : int
        Patches on a side.
    features : int
        A multiple of four: a quarter for the sine and the cosine of either axis.

    Returns
    -------
    torch.Tensor of float32, shape (1, features, grid, grid)
        In [-1, 1].
    """
    rates = 10000.0 ** -np.linspace(0, 1, features // 4)
    angles = rates[:, None] * np.arange(grid)[None, :]
    waves = np.concatenate([np.sin(angles), np.cos(angles)])
    down = np.repeat(waves[:, :, None], grid, axis=2)
    across = np.repeat(waves[:, None, :], grid, axis=1)
    return torch.from_numpy(np.concatenate([down, across])[None].astype(np.float32))


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    trunk = Patches(channels)
    return Pooled(trunk, trunk.norm.normalized_shape[0], genres, dropout)
