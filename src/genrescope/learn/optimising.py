"""What a step needs beside the network: its rate, its groups of weights, its size, its compiler."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from genrescope.learn.recipe import Recipe, Stage
from genrescope.types import PictureSpec, TrainingError, refuse

COMPILERS = ("g++", "c++", "clang++", "cl")
"""Any of them lets PyTorch compile a network."""


def set_training(network: nn.Module, stage: Stage) -> None:
    """Make a network learn: all of it, its first blocks, or only its head.

    Raises
    ------
    TrainingError
        If the stage wants blocks of a network that has none, or fewer.
    """
    network.train()
    for name, child in network.named_children():
        learns = stage.part == "all" or name in ("head", "dropout")
        child.train(learns)
        child.requires_grad_(learns)
    set_blocks(network, stage)


def set_blocks(network: nn.Module, stage: Stage) -> None:
    """Leave out the transformer blocks that do not learn in a stage, where there are any.

    Raises
    ------
    TrainingError
        If the stage wants blocks of a network that has none, or fewer.
    """
    trunk: Any = getattr(network, "trunk", None)
    most = len(trunk.layers) if hasattr(trunk, "blocks") else 0
    wrong = f"a stage wants {stage.blocks} transformer blocks: there are {most}"
    refuse(not 0 <= stage.blocks <= most, wrong, TrainingError)
    if most:
        trunk.blocks = stage.blocks or most


def sized(picture: PictureSpec, pixels: int) -> PictureSpec:
    """The same picture at another size."""
    return replace(picture, height=pixels, width=pixels)


def learning_rate(recipe: Recipe, step: int) -> float:
    """One cycle: up in a straight line, down as a cosine."""
    peak, rise = recipe.optimiser.peak_rate, max(1.0, recipe.optimiser.warmup * recipe.steps)
    if step < rise:
        return peak * (step + 1) / rise
    place = (step - rise) / max(1.0, recipe.steps - rise)
    return peak * 0.5 * (1 + float(np.cos(np.pi * min(1.0, place))))


def compiled(network: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """A network as PyTorch compiles it, a picture size at a time; its weights stay shared.

    Raises
    ------
    TrainingError
        If there is no C++ compiler.
    """
    named = os.environ.get("CXX")
    refuse(
        not any(map(shutil.which, [named] if named else COMPILERS)),
        "the recipe wants the network compiled, and there is no C++ compiler: install g++, or "
        "leave `compiled` out of the recipe (slower, the same but for rounding)",
        TrainingError,
    )
    made: Callable[[torch.Tensor], torch.Tensor] = torch.compile(network, dynamic=False)
    return made


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Weights that decay, and biases and scales that do not."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": recipe.optimiser.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
