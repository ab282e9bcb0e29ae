"""What works through files: one module a way, each offering ``work(job, tasks)``.

Types of a cluster never leave this folder.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from genrescope.classification.classifier import Classifier
from genrescope.collection.drawing import Order, Task
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, Comparison, Failure, Prediction

DEFAULT = "local"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is done with every file, and with how much.

    Attributes
    ----------
    classifier : Classifier
        Its networks run here, or networks from the same files elsewhere.
    order : Order
        What is drawn.
    workers : int
        Decoding processes on a machine; 0 for one a processor.
    limit_seconds : float
        Work on one file after which it is a failure.
    address : str
        Of a cluster, for engines that have one.
    """

    classifier: Classifier
    order: Order
    workers: int
    limit_seconds: float
    address: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What came of one file, before a store has it.

    Attributes
    ----------
    file : FileState
    digest : bytes, optional
        SHA-256 of its content; None for a failure.
    result : Prediction or Comparison, optional
        None where the content is known already, and for a failure.
    failure : Failure, optional
    """

    file: FileState
    digest: bytes | None = None
    result: Prediction | Comparison | None = None
    failure: Failure | None = None


class Engine(Protocol):
    """What a module of this folder offers."""

    def work(self, job: Job, tasks: Iterable[Task]) -> Iterator[Finding]:
        """Findings of all tasks, in the order in which they are done; a task each.

        A task is drawn from `tasks` when there is room for it, so that ending `tasks` early
        finishes what is in flight and no more. Raises `CollectionError` where nothing can work.
        """
        ...


def names() -> tuple[str, ...]:
    """The engines found, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> Engine:
    """Import one engine's module.

    Raises
    ------
    CollectionError
        If there is none of that name.
    """
    if name not in names():
        raise CollectionError(f"no engine {name!r} for files; there are: {', '.join(names())}")
    return cast(Engine, import_module(f"{__name__}.{name}"))
