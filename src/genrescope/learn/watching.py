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


def torch_look(
    network: nn.Module, precision: str = "float32"
) -> Callable[[FloatArray], FloatArray]:
    """Run a PyTorch network over pictures, as an engine does over the same.

    Parameters
    ----------
    network : torch.nn.Module
    precision : {'float32', 'bfloat16'}
        What it computes in, as in a recipe.
    """
    network = network.to(memory_format=torch.channels_last)

    def look(pictures: FloatArray) -> FloatArray:
        tensor = torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
        half = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
        with torch.inference_mode(), half:
            logits: FloatArray = network(tensor).float().numpy()
        return logits

    return look


def torch_infer(network: nn.Module, picture: PictureSpec, precision: str = "float32") -> Infer:
    """Run a PyTorch network over windows in [0, 1]."""
    look = torch_look(network, precision)
    return lambda windows: look(draw_picture(windows, picture))


def validator(
    recipe: Recipe, collections: Sequence[Excerpts], labels: tuple[str, ...], frames: int
) -> Callable[[nn.Module, int], dict[str, float]]:
    """Make the function that a run calls now and then: top-1 by song on every ``valid`` split."""
    parts = [part for part in (e.split("valid") for e in collections) if len(part)]

    def validate(network: nn.Module, pixels: int) -> dict[str, float]:
        infer = torch_infer(network, sized(recipe.picture, pixels), recipe.precision)
        figures = {}
        for part in parts:
            logits = excerpt_logits(infer, part.pictures(recipe.kind), frames)
            pooled, truth = song_logits(logits, part, labels)
            figures[f"{part.dataset} top1"] = round(float((pooled.argmax(1) == truth).mean()), 4)
        return figures

    return validate
