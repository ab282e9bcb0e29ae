"""musicnn (Pons and Serra 2019, arXiv 1909.06654): music tagging, trained by its authors.

Wide filters over the mel bands look for timbre and long ones over time for rhythm, three short
convolutions with residual connections follow, then the maximum and the mean over time, and two
dense layers. It is ported here from the authors' TensorFlow graph, whose variables
`load_variables` reads; it is not trained here, and so names no network to train.

The network takes a picture (batch, 1, 96, 187): log10(10000 x + 1) of 96 mel bands at 16 kHz,
n_fft 512, hop 256, three seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from genrescope.types import FloatArray, TrainingError, refuse

NAMES: tuple[str, ...] = ()
PAPER = "https://arxiv.org/abs/1909.06654"
BANDS, FRAMES = 96, 187
TAGS, EMBEDDING = 50, 200
NORM_EPSILON = 1e-3
TIMBRES = ((204, 38), (204, 67))
"""Filters, and the bands that each spans, of the vertical convolutions; all span 7 frames."""
RHYTHMS = ((51, 128), (51, 64), (51, 32))
"""Filters, and the frames that each spans, of the horizontal convolutions."""


def build(name: str, channels: int, genres: int, dropout: float) -> nn.Module:
    """Refused: there is nothing to train; see `Musicnn`."""
    raise TrainingError("musicnn is not trained here: fold its tags (recipes/musicnn_msd.toml)")


class Musicnn(nn.Module):
    """The network, from a picture to the logits of fifty tags and an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, NORM_EPSILON)
        self.timbres = nn.ModuleList(
            nn.Conv2d(1, n, (7, bands), padding=(3, 0)) for n, bands in TIMBRES
        )
        self.rhythms = nn.ModuleList(
            nn.Conv2d(1, n, (frames, 1), padding=(frames // 2, 0)) for n, frames in RHYTHMS
        )
        widths = [n for n, _ in (*TIMBRES, *RHYTHMS)]
        self.front_norms = nn.ModuleList(nn.BatchNorm2d(n, NORM_EPSILON) for n in widths)
        inputs = (sum(widths), 64, 64)
        self.middle = nn.ModuleList(nn.Conv1d(n, 64, 7, padding=3) for n in inputs)
        self.middle_norms = nn.ModuleList(nn.BatchNorm1d(64, NORM_EPSILON) for _ in inputs)
        pooled = 2 * (sum(widths) + 3 * 64)
        self.pooled_norm = nn.BatchNorm1d(pooled, NORM_EPSILON)
        self.dense = nn.Linear(pooled, EMBEDDING)
        self.dense_norm = nn.BatchNorm1d(EMBEDDING, NORM_EPSILON)
        self.tags = nn.Linear(EMBEDDING, TAGS)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Picture (batch, 1, 96, frames) to tag logits (batch, 50) and embedding (batch, 200).

        The embedding is the last layer but one after its batch norm, so that tags are linear in
        it, and so is every other head.
        """
        front = self._front(self.norm(picture.transpose(2, 3)))
        middle: list[torch.Tensor] = []
        for number, (layer, norm) in enumerate(zip(self.middle, self.middle_norms, strict=True)):
            found = norm(functional.relu(layer(middle[-1] if number else front)))
            middle.append(found + middle[-1] if number else found)
        features = torch.cat([front, *middle], dim=1)
        pooled = torch.stack([features.amax(dim=2), features.mean(dim=2)], dim=2).flatten(1)
        embedding = self.dense_norm(functional.relu(self.dense(self.pooled_norm(pooled))))
        return self.tags(embedding), embedding

    def _front(self, sound: torch.Tensor) -> torch.Tensor:
        """Normalised (batch, 1, frames, bands) to (batch, filters, frames)."""
        maps = [functional.relu(layer(sound)) for layer in self.timbres]
        # An even kernel has one place less before it than behind: the first frame is one too many.
        maps += [functional.relu(layer(sound)[:, :, 1:]) for layer in self.rhythms]
        normed = [norm(found) for norm, found in zip(self.front_norms, maps, strict=True)]
        return torch.cat([found.amax(dim=3) for found in normed], dim=1)


class Folded(nn.Module):
    """The network with genres in place of tags: a linear head on the embedding.

    Parameters
    ----------
    network : Musicnn
    weights : ndarray of float32, shape (genres, 200)
    offsets : ndarray of float32, shape (genres,)
    """

    def __init__(self, network: Musicnn, weights: FloatArray, offsets: FloatArray) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(weights.shape[1], weights.shape[0])
        _fill(self.head.weight, weights, "the head's weights")
        _fill(self.head.bias, offsets, "the head's offsets")

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Picture (batch, 1, 96, 187) to logits (batch, genres)."""
        logits: torch.Tensor = self.head(self.network(picture)[1])
        return logits


def load_variables(variables: Mapping[str, np.ndarray]) -> Musicnn:
    """The network with its authors' weights, in evaluation mode.

    Parameters
    ----------
    variables : mapping of str to ndarray of float32
        The TensorFlow variables by name, ``/`` written ``|``.

    Returns
    -------
    Musicnn

    Raises
    ------
    TrainingError
        If a variable is missing, left over, or of another shape.
    """
    network = Musicnn()
    left = dict(variables)
    convolutions = [*network.timbres, *network.rhythms, *network.middle]
    for number, layer in enumerate(convolutions):
        kernel = _take(left, f"{_numbered('conv2d', number)}|kernel")
        turned = kernel.transpose(3, 2, 0, 1)  # (out, in, frames, bands)
        flat = turned[:, 0].transpose(0, 2, 1) if isinstance(layer, nn.Conv1d) else turned
        _fill(layer.weight, flat, f"conv2d {number}")
        _fill(layer.bias, _take(left, f"{_numbered('conv2d', number)}|bias"), f"conv2d {number}")
    norms = [network.norm, *network.front_norms, *network.middle_norms]
    for number, norm in enumerate([*norms, network.pooled_norm, network.dense_norm]):
        name = _numbered("batch_normalization", number)
        for mine, theirs in NORM_NAMES.items():
            _fill(getattr(norm, mine), _take(left, f"{name}|{theirs}"), name)
    for number, dense in enumerate((network.dense, network.tags)):
        name = _numbered("dense", number)
        _fill(dense.weight, _take(left, f"{name}|kernel").T, name)
        _fill(dense.bias, _take(left, f"{name}|bias"), name)
    refuse(bool(left), f"musicnn has no place for {', '.join(sorted(left))}", TrainingError)
    return network.eval()


NORM_NAMES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _take(left: dict[str, np.ndarray], name: str) -> np.ndarray:
    refuse(name not in left, f"musicnn's variables lack {name!r}", TrainingError)
    return left.pop(name)


def _fill(target: torch.Tensor, values: np.ndarray, name: str) -> None:
    fits = tuple(target.shape) == values.shape
    refuse(not fits, f"{name} has shape {values.shape}, not {tuple(target.shape)}", TrainingError)
    with torch.no_grad():
        target.copy_(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)))
