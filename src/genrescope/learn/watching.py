"""Figures on the validation splits while a network is being trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from genrescope.learn.evaluation import Infer, excerpt_logits, song_logits
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.optimising import sized
from genrescope.learn.recipe import Recipe
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import FloatArray, PictureSpec


def torch_look(network: nn.Module) -> Callable[[FloatArray], FloatArray]:
    """Run a PyTorch network over pictures, as an engine does over the same."""
    network = network.to(memory_format=torch.channels_last)

    def look(pictures: FloatArray) -> FloatArray:
        tensor = torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            logits: FloatArray = network(tensor).float().numpy()
        return logits

    return look


def torch_infer(network: nn.Module, picture: PictureSpec) -> Infer:
    """Run a PyTorch network over windows in [0, 1]."""
    look = torch_look(network)
    return lambda windows: look(draw_picture(windows, picture))


def validator(
    recipe: Recipe, collections: Sequence[Excerpts], labels: tuple[str, ...], frames: int
) -> Callable[[nn.Module, int], dict[str, float]]:
    """Make the function that a run calls now and then: top-1 by song on every ``valid`` split."""
    parts = [part for part in (e.split("valid") for e in collections) if len(part)]

    def validate(network: nn.Module, pixels: int) -> dict[str, float]:
        infer = torch_infer(network, sized(recipe.picture, pixels))
        figures = {}
        for part in parts:
            logits = excerpt_logits(infer, part.pictures(recipe.kind), frames)
            pooled, truth = song_logits(logits, part, labels)
            figures[f"{part.dataset} top1"] = round(float((pooled.argmax(1) == truth).mean()), 4)
        return figures

    return validate
