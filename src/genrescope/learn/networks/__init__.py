"""The image networks that Genrescope trains: one file a family.

Every module here offers ``NAMES`` and ``build(name, channels, genres, dropout)``. A network is a
trunk that yields feature maps, then a global average, then one linear layer, so that the class
activation map of Zhou et al. (2016, doi 10.1109/CVPR.2016.319) is exact.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from torch import nn

from genrescope.types import TrainingError


class Family(Protocol):
    """What a module of this folder offers."""

    NAMES: tuple[str, ...]
    PAPER: str

    def build(self, name: str, channels: int, genres: int, dropout: float) -> nn.Module:
        """Make the network with fresh weights."""
        ...


def names() -> tuple[str, ...]:
    """Names of all networks, sorted."""
    return tuple(sorted(name for family in _families() for name in family.NAMES))


def load(name: str) -> Family:
    """The family that a network belongs to.

    Raises
    ------
    TrainingError
        If there is no network of that name.
    """
    for family in _families():
        if name in family.NAMES:
            return family
    raise TrainingError(f"no network {name!r}; there are: {', '.join(names())}")


def build(name: str, channels: int, genres: int, dropout: float = 0.2) -> nn.Module:
    """Make a network with fresh weights."""
    return load(name).build(name, channels, genres, dropout)


def _families() -> list[Family]:
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return [
        cast(Family, import_module(f"{__name__}.{name}"))
        for name in sorted(found)
        if not name.startswith("_")
    ]
