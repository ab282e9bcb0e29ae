"""Ways to find where evidence lies: one module a way.

Every module here offers ``find(model, windows, seen, genre) -> Evidence``. Adding a file adds the
way.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from genrescope.classification.looking import Model
from genrescope.models.engines import Outputs
from genrescope.types import FloatArray, GenrescopeError


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What speaks for one genre in each of several windows, in logits; negative is against.

    Attributes
    ----------
    cells : ndarray of float32, shape (n, rows, columns)
        Evenly over bands and frames; row 0 is the lowest.
    by_band : ndarray of float32, shape (n, strips)
        Of whole bands, lowest first.
    by_time : ndarray of float32, shape (n, strips)
        Of whole columns, earliest first.
    bias : float, optional
        Where the cells of a window and this sum to its logit.
    """

    cells: FloatArray
    by_band: FloatArray
    by_time: FloatArray
    bias: float | None = None


class Method(Protocol):
    """What a module of this folder offers."""

    def find(self, model: Model, windows: FloatArray, seen: Outputs, genre: int) -> Evidence:
        """Find what speaks for a genre.

        Parameters
        ----------
        model : Model
        windows : ndarray of float32, shape (n, bands, frames)
            In [0, 1].
        seen : Outputs
            What the model gave for them.
        genre : int
            Place of the label on the model's card.

        Raises
        ------
        GenrescopeError
            If this way cannot be gone with this model; the message names another.
        """
        ...


def names() -> tuple[str, ...]:
    """The ways found, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> Method:
    """Import one way's module.

    Raises
    ------
    GenrescopeError
        If there is none of that name.
    """
    if name not in names():
        raise GenrescopeError(f"no way to explain {name!r}; there are: {', '.join(names())}")
    return cast(Method, import_module(f"{__name__}.{name}"))
