"""A training run as data: one TOML file says all that is needed to do it again."""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from genrescope.learn.augment import Augmentation
from genrescope.types import PictureSpec, TrainingError, refuse

T = TypeVar("T")

PARTS = ("all", "head")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training at one picture size.

    Attributes
    ----------
    pixels : int
        Height and width of the picture.
    steps, batch : int
    part : {'all', 'head'}
        What learns: the whole network, or its last layer only.
    blocks : int
        How many of a transformer's blocks learn, the first ones; 0 for all of them. The others
        are left out: they must still be the identity.
    """

    pixels: int
    steps: int
    batch: int
    part: str = "all"
    blocks: int = 0

    def __post_init__(self) -> None:
        refuse(self.part not in PARTS, f"a stage's part is one of {PARTS}", TrainingError)


@dataclass(frozen=True, slots=True)
class Optimiser:
    """AdamW under one cycle.

    Attributes
    ----------
    peak_rate : float
        Highest learning rate.
    warmup : float
        Share of all steps in which the rate rises; then it falls to zero as a cosine.
    weight_decay, label_smoothing, dropout : float
    ema : float
        Decay per step of the moving average of weights.
    """

    peak_rate: float = 2e-3
    warmup: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    dropout: float = 0.3
    ema: float = 0.998


@dataclass(frozen=True, slots=True)
class Data:
    """What is learned from, and how often.

    Attributes
    ----------
    sources : tuple of str
        Names of data sets.
    boost : dict of str to float
        A data set's weight against the others within a genre.
    crowding : float
        Within a genre a data set of n excerpts weighs n to this power.
    soft : dict
        ``soft[data set][genre]`` is the distribution that stands for that genre there.
    unlabelled : float
        Share of what is drawn that nobody has labelled, in [0, 1); teachers alone speak of it.
    """

    sources: tuple[str, ...]
    boost: dict[str, float] = field(default_factory=dict)
    crowding: float = 0.6
    soft: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    unlabelled: float = 0.0

    def __post_init__(self) -> None:
        refuse(not 0 <= self.unlabelled < 1, "unlabelled is a share in [0, 1)", TrainingError)


@dataclass(frozen=True, slots=True)
class Teaching:
    """Trained models that teach.

    Attributes
    ----------
    models : tuple of str
        Their names; none for a run that learns from labels alone.
    weight : float
        Their share in every target, in [0, 1].
    soft_labels : float
        Share that musicnn's soft labels (`genrescope.learn.soft_labels`) have in the label of an
        excerpt that they speak of, in [0, 1]; one that nobody has labelled takes them whole.
        With 0 they are not asked at all.
    """

    models: tuple[str, ...] = ()
    weight: float = 0.5
    soft_labels: float = 0.0

    def __post_init__(self) -> None:
        refuse(not 0 <= self.soft_labels <= 1, "soft_labels is a share in [0, 1]", TrainingError)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a training run depends on, but the data itself.

    Attributes
    ----------
    name, network, kind, taxonomy : str
        ``kind`` is ``mel`` or ``cqt``.
    seed : int
    description : str
        For the card.
    init : str
        Name of the recipe whose trained weights this run begins from, or "".
    picture : PictureSpec
        What the finished model sees.
    data, optimiser, augmentation, teaching
        See their types.
    stages : tuple of Stage
    threads : int
        Of PyTorch; figures repeat to the bit only at the same number.
    precision : {'float32', 'bfloat16'}
        Of the forward pass; bfloat16 pays only where the processor has it.
    compiled : bool
        Whether PyTorch compiles the network (a minute a stage, and a C++ compiler). It pays where
        a network waits for memory rather than for multiplications, as EfficientNet does.
    """

    name: str
    network: str
    kind: str
    taxonomy: str
    data: Data
    stages: tuple[Stage, ...]
    seed: int = 0
    description: str = ""
    init: str = ""
    picture: PictureSpec = field(default_factory=PictureSpec)
    optimiser: Optimiser = field(default_factory=Optimiser)
    augmentation: Augmentation = field(default_factory=Augmentation)
    teaching: Teaching = field(default_factory=Teaching)
    threads: int = 2
    precision: str = "float32"
    compiled: bool = False

    def __post_init__(self) -> None:
        untold = self.data.unlabelled > 0 and not self.teaching.models
        refuse(untold, "unlabelled excerpts need teachers to speak of them", TrainingError)

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages together."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        """The stage that a step, counted from 0, belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]


def identify(recipe: Recipe) -> str:
    """What tells a recipe from another: every field that is not as it would be anyway.

    A checkpoint keeps it, and outlives fields that recipes learn later.
    """
    return json.dumps(_told(recipe), sort_keys=True)


def _told(value: Any) -> Any:
    if is_dataclass(value):
        return {
            f.name: _told(getattr(value, f.name))
            for f in fields(value)
            if getattr(value, f.name) != _default(f)
        }
    if isinstance(value, tuple):
        return [_told(one) for one in value]
    return value


def _default(one: Field[Any]) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def read_table(path: Path) -> dict[str, Any]:
    """What a recipe of any kind says, as it stands there; raises `TrainingError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"no such recipe: {path}; those of the shipped networks lie in recipes/"
        raise TrainingError(message) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"{path}: not a recipe: {error}") from error


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    TrainingError
        If it cannot be read, lacks something, or has a word that means nothing.
    """
    table = read_table(path)
    try:
        return _build(table)
    except (TypeError, KeyError) as error:
        raise TrainingError(f"{path}: {error}") from error


def _build(table: dict[str, Any]) -> Recipe:
    parts: dict[str, Any] = dict(table)
    stages = tuple(_record(Stage, entry, "stage") for entry in parts.pop("stage"))
    refuse(not stages, "a recipe has at least one stage", TrainingError)
    nested = {
        key: _record(kind, parts.pop(key, {}), key)
        for key, kind in (
            ("picture", PictureSpec),
            ("data", Data),
            ("optimiser", Optimiser),
            ("augmentation", Augmentation),
            ("teaching", Teaching),
        )
    }
    return _record(Recipe, {**parts, **nested, "stages": stages}, "recipe")


def _record(kind: type[T], table: dict[str, Any], where: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - known)
    refuse(bool(unknown), f"{where} knows no {', '.join(unknown)}", TrainingError)
    frozen = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    return kind(**frozen)
