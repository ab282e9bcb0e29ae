"""What runs a model file: one module an engine.

Every module here offers `available`, `devices` and ``load(model, device) -> Engine``. Adding a
file adds the engine. Types of OpenVINO and ONNX Runtime never leave this folder.
"""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np

from genrescope.models.embedding import EMBEDDING
from genrescope.models.file import ModelFile
from genrescope.types import EngineError, FloatArray, refuse

PREFERRED = ("openvino", "onnxruntime")
"""Which engine is tried first."""


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a network gives for a stack of pictures.

    Attributes
    ----------
    logits : ndarray of float32, shape (n, genres)
    cam : ndarray of float32, shape (n, genres, h, w), or None
    embedding : ndarray of float32, shape (n, features), or None
        What the last layer is given; see `genrescope.models.embedding`.
    """

    logits: FloatArray
    cam: FloatArray | None
    embedding: FloatArray | None = None


class Engine(Protocol):
    """A loaded network.

    Attributes
    ----------
    name, device, precision : str
        E.g. ``openvino``, ``CPU``, ``f32``.
    reason : str
        Why that precision, in a sentence.
    """

    name: str
    device: str
    precision: str
    reason: str

    def run(self, pictures: FloatArray) -> Outputs:
        """Pictures (n, channels, height, width) in, outputs out.

        What comes out for a picture does not depend, to the bit, on the others beside it.
        """
        ...


class EngineModule(Protocol):
    """What a module of this folder offers."""

    def available(self) -> tuple[bool, str]:
        """Whether it can run here, and its version or the reason why not."""
        ...

    def devices(self) -> tuple[str, ...]:
        """Names of the devices that it finds."""
        ...

    def load(self, model: ModelFile, device: str | None = None) -> Engine:
        """Make the network ready; raises `EngineError`."""
        ...


def names() -> tuple[str, ...]:
    """The engines found, preferred ones first."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    plain = sorted(name for name in found if not name.startswith("_"))
    return tuple(sorted(plain, key=lambda n: PREFERRED.index(n) if n in PREFERRED else 99))


def load(name: str) -> EngineModule:
    """Import one engine's module.

    Raises
    ------
    EngineError
        If there is none of that name.
    """
    if name not in names():
        raise EngineError(f"no engine {name!r}; there are: {', '.join(names())}")
    return cast(EngineModule, import_module(f"{__name__}.{name}"))


def open_engine(model: ModelFile, name: str | None = None, device: str | None = None) -> Engine:
    """Load a model file into the named engine, or into the first that takes it.

    An engine that is there and does not take it is logged as a warning: the next may be slower.

    Raises
    ------
    EngineError
        If none takes it, with every engine's reason.
    """
    reasons, refused = [], ""
    for candidate in (name,) if name else names():
        module = load(candidate)
        there, why = module.available()
        if not there:
            reasons.append(f"{candidate}: {why}")
            continue
        try:
            engine = module.load(model, device)
        except EngineError as error:
            refused = f"{candidate}: {error}"
            reasons.append(refused)
            continue
        if refused and device in (None, "CPU"):
            log = logging.getLogger(__name__)
            log.warning("%s runs in %s; %s", model.path.name, candidate, refused)
        return engine
    raise EngineError(f"nothing here can run {model.path.name} ({'; '.join(reasons)})")


def check_pictures(pictures: FloatArray, model: ModelFile) -> None:
    """Refuse what is not a stack of the card's pictures.

    Raises
    ------
    EngineError
    """
    picture = model.card.picture
    shape = (picture.channels, picture.height, picture.width)
    wrong = pictures.dtype != np.float32 or pictures.ndim != 4 or pictures.shape[1:] != shape
    refuse(
        wrong,
        f"{model.card.name} sees float32 (n, {', '.join(map(str, shape))}), "
        f"not {pictures.dtype} {pictures.shape}",
        EngineError,
    )
    refuse(len(pictures) == 0, "no picture to look at", EngineError)
    refuse(not np.isfinite(pictures).all(), "a picture holds what is no number", EngineError)


def choose_outputs(there: Collection[str], model: ModelFile) -> tuple[str, ...]:
    """What is asked of a network that gives `there`."""
    wanted = ("logits", "cam", EMBEDDING) if model.cam_shape is not None else ("logits", EMBEDDING)
    return tuple(name for name in wanted if name in there)


def join_outputs(given: Sequence[Mapping[str, FloatArray]], model: ModelFile) -> Outputs:
    """What came out for single pictures, as one; refused where it is not what the file promises.

    Parameters
    ----------
    given : sequence of mapping from str to ndarray of float32
        Outputs by name for every picture; each array is a batch of one.
    model : ModelFile

    Returns
    -------
    Outputs

    Raises
    ------
    EngineError
    """
    genres = len(model.card.labels)
    promised: dict[str, tuple[int, ...]] = {"logits": (1, genres)}
    if model.cam_shape is not None:
        promised["cam"] = (1, genres, *model.cam_shape)
    for name, shape in promised.items():
        for one in given:
            refuse(
                one[name].shape != shape,
                f"{model.path.name} promises {shape} for a picture and gives {one[name].shape}",
                EngineError,
            )
    joined = {name: np.concatenate([one[name] for one in given]) for name in given[0]}
    embedding = joined.get(EMBEDDING)
    flat = embedding is not None and embedding.ndim == 2 and len(embedding) == len(given)
    return Outputs(joined["logits"], joined.get("cam"), embedding if flat else None)
