"""Networks loaded once and shared: `Shelf`."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genrescope import models as zoo
from genrescope.classification.looking import Model, load_models
from genrescope.types import ModelCard, ModelError, ModelNotFoundError


@dataclass(frozen=True, slots=True)
class ShelfModel:
    """A model file that was found, and whether its network is loaded.

    Attributes
    ----------
    name : str
    place : str
        See `genrescope.models.Listing`.
    card : ModelCard or None
    problem : str
        Why it cannot be used, or "".
    loaded, default : bool
        Default models answer where a request names none.
    """

    name: str
    place: str
    card: ModelCard | None
    problem: str
    loaded: bool
    default: bool


def _known() -> tuple[str, ...]:
    return tuple(one.name for one in zoo.list_models())


def _usable() -> tuple[str, ...]:
    return zoo.own_models()


def _card_at(path: str) -> tuple[ModelCard | None, str]:
    try:
        return zoo.find(path).card, ""
    except ModelError as error:
        return None, str(error)


class Shelf:
    """Networks by name: loaded when first asked for, kept until unloaded.

    Parameters
    ----------
    names : sequence of str
        The default models, by name or path; ``all`` stands for every usable one, none for
        what `genrescope.models.default_models` says.
    engine, device : str, optional
        See `genrescope.models.engines`.
    """

    def __init__(
        self, names: Sequence[str] = (), engine: str | None = None, device: str | None = None
    ) -> None:
        self._engine, self._device = engine, device
        self._given = tuple(names)
        self._models: dict[str, Model] = {}
        self._files: dict[str, str] = {}
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._defaults: tuple[str, ...] | None = None

    @property
    def defaults(self) -> tuple[str, ...]:
        """Names of what answers where no model is named.

        Raises
        ------
        ModelError
            If one is not there or not in order.
        """
        if self._defaults is None:
            self._defaults = self._find_defaults()
        return self._defaults

    def _find_defaults(self) -> tuple[str, ...]:
        names: list[str] = []
        for given in self._given or zoo.default_models():
            if given == "all":
                names.extend(_usable())
            elif given in _known():
                names.append(given)
            else:  # a file, named by who starts the server
                name = zoo.find(given).card.name
                self._files[name] = given
                names.append(name)
        return tuple(dict.fromkeys(names))

    def listed(self) -> tuple[ShelfModel, ...]:
        """Every model that was found, in order of name."""
        try:
            defaults = self.defaults
        except ModelError:
            defaults = ()
        with self._lock:
            loaded = set(self._models)
        found = {
            one.name: ShelfModel(
                one.name,
                one.place,
                one.card,
                one.problem.replace(f"{one.path.parent}{os.sep}", ""),
                one.name in loaded,
                one.name in defaults,
            )
            for one in zoo.list_models()
        }
        for name, path in self._files.items():
            card, problem = _card_at(path)
            place = "named at the start"
            found[name] = ShelfModel(name, place, card, problem, name in loaded, True)
        return tuple(found[name] for name in sorted(found))

    def names(self, wanted: Sequence[str] = ()) -> tuple[str, ...]:
        """What a request's names stand for: ``all``, or none for the default ones.

        Raises
        ------
        ModelNotFoundError
            If one is not there. A path is never one: requests do not name files.
        """
        names: list[str] = []
        for name in wanted or self.defaults:
            if name == "all":
                names.extend((*_usable(), *self._files))
            else:
                self._check(name)
                names.append(name)
        return tuple(dict.fromkeys(names))

    def _check(self, name: str) -> None:
        with self._lock:
            if name in self._models:
                return
        if name in self._files or name in _known():
            return
        if Path(name).name == name:
            zoo.find(name)
        raise ModelNotFoundError(f"no model {name!r}. There are: {', '.join(_known())}")

    def card(self, name: str) -> ModelCard:
        """The card of a model: of a loaded one the card that it was loaded with.

        Raises
        ------
        ModelError
            If it is not there or not in order.
        """
        self._check(name)
        with self._lock:
            if name in self._models:
                return self._models[name].card
        return zoo.find(self._files.get(name, name)).card

    def has_map(self, name: str) -> bool:
        """Whether a model's file gives class activation maps; errors as of `card`."""
        self._check(name)
        return zoo.find(self._files.get(name, name)).cam_shape is not None

    def get(self, name: str) -> Model:
        """The loaded network of that name; loads it where need be, once for all who wait.

        Raises
        ------
        ModelError
            If it is not there, not in order, or nothing here can run it.
        """
        self._check(name)
        with self._lock:
            if name in self._models:
                return self._models[name]
            own = self._loading.setdefault(name, threading.Lock())
        with own:
            with self._lock:
                if name in self._models:
                    return self._models[name]
            (model,) = load_models([self._files.get(name, name)], self._engine, self._device)
            with self._lock:
                self._models[name] = model
            return model

    def drop(self, name: str) -> bool:
        """Let go of a network once nobody uses it; whether it was loaded.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        """
        self._check(name)
        with self._lock:
            return self._models.pop(name, None) is not None

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the networks that are loaded."""
        with self._lock:
            return tuple(sorted(self._models))
