"""Taxonomies: which labels there are, and to which family and colour each belongs.

One TOML file a taxonomy; adding a file adds the taxonomy.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from genrescope.types import TaxonomyError


@dataclass(frozen=True, slots=True)
class Family:
    """A group of related genres.

    Attributes
    ----------
    name, chinese : str
    colour : str
        ``#rrggbb``.
    """

    name: str
    chinese: str
    colour: str


@dataclass(frozen=True, slots=True)
class Genre:
    """One label of a taxonomy, with its Chinese name and its family.

    Attributes
    ----------
    label, chinese : str
    family : Family
    about, chinese_about : str
        A sentence for people who do not know it, or "".
    subgenres, chinese_subgenres : tuple of str
        Typical ones; examples, not a system.
    """

    label: str
    chinese: str
    family: Family
    about: str = ""
    chinese_about: str = ""
    subgenres: tuple[str, ...] = ()
    chinese_subgenres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Labels in their canonical order, each with its family."""

    name: str
    description: str
    genres: tuple[Genre, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, in order."""
        return tuple(genre.label for genre in self.genres)

    def genre(self, label: str) -> Genre:
        """The genre of that label; raises `TaxonomyError` where there is none."""
        for genre in self.genres:
            if genre.label == label:
                return genre
        known = ", ".join(self.labels)
        raise TaxonomyError(f"taxonomy {self.name} has no label {label!r}; it has: {known}")


def names() -> tuple[str, ...]:
    """Names of the taxonomies found, sorted."""
    files = resources.files(__package__).iterdir()
    found = (entry.name.removesuffix(".toml") for entry in files if entry.name.endswith(".toml"))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@lru_cache(maxsize=16)
def load(name: str) -> Taxonomy:
    """Read one taxonomy.

    Raises
    ------
    TaxonomyError
        If there is none of that name, or its file is incomplete.
    """
    if name not in names():
        raise TaxonomyError(f"no taxonomy {name!r}; there are: {', '.join(names())}")
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        return _build(tomllib.loads(text))
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise TaxonomyError(f"taxonomy {name} is incomplete: {error}") from error


def _build(table: dict[str, Any]) -> Taxonomy:
    families = {
        entry["name"]: Family(entry["name"], entry["chinese"]["name"], entry["colour"])
        for entry in table["family"]
    }
    genres = tuple(
        Genre(
            entry["label"],
            entry["chinese"],
            families[entry["family"]],
            entry.get("about", ""),
            entry.get("chinese_about", ""),
            tuple(entry.get("subgenres", ())),
            tuple(entry.get("chinese_subgenres", ())),
        )
        for entry in table["genre"]
    )
    return Taxonomy(table["name"], table["description"], genres)
