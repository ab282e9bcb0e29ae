"""What a network knows before it hears one's own songs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from genrescope import models
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.own.plan import Start
from genrescope.learn.restore import refill_norms, restore_network
from genrescope.learn.splits import plain_name
from genrescope.models import ModelFile
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import PictureSpec, SpectrogramSpec

NOTHING = "none"
"""As the name of the network to begin from: fresh weights."""

MEASURED = 128
"""Windows that batch norms are measured on."""


def find_start(name: str) -> tuple[Start, ModelFile | None]:
    """Where training begins: a model file by name or path, or `NOTHING`.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    if name == NOTHING:
        return Start(), None
    model = models.find(name)
    card = model.card
    return Start(card.network, card.spectrogram, card.picture, card), model


def begin(
    model: ModelFile, labels: Sequence[str], excerpts: Excerpts, seed: int
) -> dict[str, torch.Tensor]:
    """The weights of a model file, ready to learn other labels.

    Where a label is one that the model knows, the head keeps its row; other rows are fresh.

    Parameters
    ----------
    model : ModelFile
    labels : sequence of str
    excerpts : Excerpts
        Its ``train`` split shows the batch norms what they will see.
    seed : int
        Of the fresh rows.

    Returns
    -------
    dict of str to torch.Tensor
        What `genrescope.learn.training.Run` begins from.

    Raises
    ------
    TrainingError
        If the weights cannot be taken back.
    """
    network = restore_network(model)
    card = model.card
    pictures = excerpts.split("train").pictures(card.spectrogram.kind)
    refill_norms(network, _batches(pictures, card.spectrogram, card.picture))
    torch.manual_seed(seed)
    network.head = _head(network.head, card.labels, labels)
    return network.state_dict()


def shared_labels(model: ModelFile, labels: Sequence[str]) -> tuple[str, ...]:
    """Those labels that the model knows, whatever their case and punctuation."""
    known = {plain_name(label) for label in model.card.labels}
    return tuple(label for label in labels if plain_name(label) in known)


def _head(old: nn.Linear, known: Sequence[str], labels: Sequence[str]) -> nn.Linear:
    head = nn.Linear(old.in_features, len(labels))
    places = {plain_name(label): place for place, label in enumerate(known)}
    with torch.no_grad():
        for row, label in enumerate(labels):
            place = places.get(plain_name(label))
            if place is not None:
                head.weight[row] = old.weight[place]
                head.bias[row] = old.bias[place]
    return head


def _batches(
    pictures: np.ndarray, spec: SpectrogramSpec, picture: PictureSpec
) -> Iterator[torch.Tensor]:
    chosen = np.unique(np.linspace(0, len(pictures) - 1, MEASURED).astype(int))
    for first in range(0, len(chosen), 32):
        block = pictures[chosen[first : first + 32], :, : spec.frames]
        unit = block.astype(np.float32) / np.float32(255)
        yield torch.from_numpy(draw_picture(unit, picture))
