"""One machine of a cluster: the networks once, and decoding processes as the local engine's."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue

from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.collection.crew import Crew
from genrescope.collection.drawing import Order, Task
from genrescope.collection.engines import Finding, Job
from genrescope.collection.engines._gathering import Gathering
from genrescope.models.engines import open_engine
from genrescope.models.file import read_model
from genrescope.types import CollectionError, refuse


@dataclass(frozen=True, slots=True)
class Cargo:
    """A model file on its way to a machine.

    Attributes
    ----------
    name : str
    content : bytes
    digest : str
        SHA-256 of the content.
    engine, device : str
        What runs it here, and there as well: results must not depend on where a file was done.
    """

    name: str
    content: bytes
    digest: str
    engine: str
    device: str


@dataclass(frozen=True, slots=True)
class Freight:
    """All that a machine needs to begin.

    Attributes
    ----------
    models : tuple of Cargo
    order : Order
    limit_seconds : float
    version : str
        Of this Genrescope.
    """

    models: tuple[Cargo, ...]
    order: Order
    limit_seconds: float
    version: str


def pack(job: Job) -> Freight:
    """A job's networks as files, so that no machine needs them beforehand.

    Raises
    ------
    CollectionError
        If a model did not come from a file, or that file has changed since.
    """
    return Freight(_load(job.classifier.models), job.order, job.limit_seconds, installed())


def installed() -> str:
    """The version of this Genrescope; "source" where it runs without being installed."""
    try:
        return metadata.version("genrescope")
    except metadata.PackageNotFoundError:
        return "source"


def _load(models: Sequence[Model]) -> tuple[Cargo, ...]:
    found = []
    for model in models:
        name = model.card.name
        refuse(not model.path, f"{name}: has no file that could be sent", CollectionError)
        try:
            content = Path(model.path).read_bytes()
        except OSError as error:
            raise CollectionError(f"{model.path}: cannot be read ({error.strerror})") from error
        found.append(Cargo(name, content, model.digest, model.engine.name, model.engine.device))
    return tuple(found)


class Station:
    """Runs in a process of its own on the machine; every call in a thread of its own."""

    def __init__(self) -> None:
        self._crews: SimpleQueue[Crew] = SimpleQueue()
        self._all: list[Crew] = []
        self._networks = threading.Lock()
        self._gathering: Gathering | None = None

    def begin(self, freight: Freight, workers: int) -> None:
        """Make the networks ready, and room for so many files at a time.

        Raises
        ------
        CollectionError
            If this machine has another Genrescope.
        ModelError
            If a network cannot be run here.
        """
        refuse(
            freight.version != installed(),
            f"has Genrescope {installed()}, and {freight.version} asks: install the same",
            CollectionError,
        )
        _forget_main()
        models = []
        with tempfile.TemporaryDirectory(prefix="genrescope-") as folder:
            for one in freight.models:
                path = Path(folder) / f"{one.name}.onnx"
                path.write_bytes(one.content)
                file = read_model(path, expected_digest=one.digest)
                models.append(Model(file.card, open_engine(file, one.engine, one.device)))
        self._gathering = Gathering(Classifier(models))
        for _ in range(workers):
            self._all.append(Crew(freight.order, 1, freight.limit_seconds))
            self._crews.put(self._all[-1])

    def look(self, task: Task) -> Finding:
        """What comes of a file; a decoder that hangs or falls costs its process and no more.

        Raises
        ------
        CollectionError
            If decoding processes cannot be started here.
        """
        refuse(self._gathering is None, "was asked before it began", CollectionError)
        crew, finding = self._crews.get(), None
        try:
            for one, piece in crew.draw([task]):
                with self._networks:
                    assert self._gathering is not None
                    finding = self._gathering.take(one.file, piece) or finding
        finally:
            self._crews.put(crew)
        if finding is None:
            raise CollectionError(f"{task.file.name}: nothing came of it")
        return finding

    def close(self) -> None:
        """Stop all decoding processes; those of a machine that is let go end by themselves."""
        for crew in self._all:
            crew.close()


def _forget_main() -> None:
    """Spawned processes run their parent's main file again: a cluster's, which they do not need."""
    vars(sys.modules["__main__"]).pop("__file__", None)
