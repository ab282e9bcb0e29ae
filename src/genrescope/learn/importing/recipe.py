"""What an imported network was shown: a spectrogram recipe and a picture, as one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from genrescope.models.card import read_record
from genrescope.types import GenrescopeError, ModelError, PictureSpec, SpectrogramSpec


@dataclass(frozen=True, slots=True)
class ImportRecipe:
    """How sound becomes the picture that somebody's network was trained on.

    Attributes
    ----------
    name, description : str
    source : str
        Where this is known from.
    spectrogram : SpectrogramSpec
    picture : PictureSpec
    differences : tuple of str
        In what the pictures drawn here are known to differ from those.
    """

    name: str
    description: str
    source: str
    spectrogram: SpectrogramSpec
    picture: PictureSpec
    differences: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """Names of the recipes that come with Genrescope, sorted."""
    files = resources.files(__package__).joinpath("recipes").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def load(name: str) -> ImportRecipe:
    """Read a recipe by its name, or from a file.

    Raises
    ------
    ModelError
        If there is none, or it lacks something, or has a word that means nothing.
    """
    if name in names():
        file = resources.files(__package__).joinpath("recipes", f"{name}.toml")
        return _read(file.read_text(encoding="utf-8"), name)
    path = Path(name)
    if not path.is_file():
        raise ModelError(
            f"no recipe {name!r}: neither a TOML file nor one of {', '.join(names())}. It says "
            "what the network was shown; docs/import.md has its form"
        )
    try:
        return _read(path.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a recipe ({error})") from error


def _read(text: str, where: str) -> ImportRecipe:
    try:
        return read_record(ImportRecipe, tomllib.loads(text), where)
    except (tomllib.TOMLDecodeError, GenrescopeError) as error:
        raise ModelError(f"{where}: not a recipe that can be used: {error}") from error
