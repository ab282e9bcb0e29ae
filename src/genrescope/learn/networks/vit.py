"""ViT-B/16 (Dosovitskiy et al. 2021, arXiv 2010.11929), torchvision's definition.

It takes pictures of any size that sixteen divides: its 14 × 14 learned positions are interpolated
to the patches of the picture. It pools by its class token, so it has no exact activation map.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models import vit_b_16

from genrescope.learn.networks._pooled import restem
from genrescope.spectrogram.picture import resize_matrix

NAMES = ("vit_b_16",)
PAPER = "https://doi.org/10.48550/arXiv.2010.11929"
GRID = 14


class Vit(nn.Module):
    """torchvision's ViT-B/16 for pictures of any size.

    Parameters
    ----------
    channels, genres : int
    dropout : float
        On the class token, in training only.
    """

    def __init__(self, channels: int, genres: int, dropout: float) -> None:
        super().__init__()
        whole = vit_b_16(weights=None)
        self.stem = restem(whole.conv_proj, channels)
        self.encoder = whole.encoder
        self.token = nn.Parameter(whole.class_token.detach().clone())
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(whole.hidden_dim, genres)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, genres)."""
        patches = self.stem(picture)
        rows, columns = patches.shape[2:]
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(tokens.shape[0], -1, -1), tokens], dim=1)
        tokens = tokens + self._positions(int(rows), int(columns))
        encoder = self.encoder
        seen = encoder.ln(encoder.layers(encoder.dropout(tokens)))
        logits: torch.Tensor = self.head(self.dropout(seen[:, 0]))
        return logits

    def _positions(self, rows: int, columns: int) -> torch.Tensor:
        whole: torch.Tensor = self.encoder.pos_embedding
        if (rows, columns) == (GRID, GRID):
            return whole
        grid = whole[:, 1:].transpose(1, 2).reshape(1, -1, GRID, GRID)
        down, across = (
            torch.tensor(resize_matrix(GRID, size)).to(whole) for size in (rows, columns)
        )  # what `interpolate` does, which has no ONNX form where it is antialiased
        grid = down @ grid @ across.T
        return torch.cat([whole[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Make the network with fresh weights."""
    return Vit(channels, genres, dropout)
