"""The data sets that Genrescope learns from: one file each.

Every module here offers ``load(folder) -> Excerpts`` and says in its docstring where the
collection comes from. Adding a file adds the data set.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from genrescope.learn.excerpts import Excerpts
from genrescope.types import TrainingError

DATA_VARIABLE = "GENRESCOPE_DATA"


class Dataset(Protocol):
    """What a module of this folder offers."""

    def load(self, folder: Path) -> Excerpts:
        """Read the collection from `folder`."""
        ...


def names() -> tuple[str, ...]:
    """Names of the data sets, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> Dataset:
    """Import one data set's module.

    Raises
    ------
    TrainingError
        If there is none of that name.
    """
    if name not in names():
        raise TrainingError(f"no data set {name!r}; there are: {', '.join(names())}")
    return cast(Dataset, import_module(f"{__name__}.{name}"))


def data_folder() -> Path:
    """Where the collections are: ``$GENRESCOPE_DATA``, else ``../shared/data`` of a checkout."""
    given = os.environ.get(DATA_VARIABLE)
    if given:
        return Path(given)
    return Path(__file__).resolve().parents[4].parent / "shared" / "data"


def read_arrays(folder: Path, file: str, only: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """All arrays of one ``.npz`` file, or only those named.

    Raises
    ------
    TrainingError
        If the file is not there, saying which variable points elsewhere.
    """
    path = folder / file
    if not path.is_file():
        raise TrainingError(
            f"{path} is not there: point {DATA_VARIABLE} at the folder that has it. Your own "
            "music needs none of it: `evaluate --audio`, `train --data`"
        )
    with np.load(path, allow_pickle=False) as archive:
        absent = sorted(set(only) - set(archive.files))
        if absent:
            raise TrainingError(f"{path} has no {', '.join(absent)}")
        return {key: archive[key] for key in only or archive.files}
