"""Finding model files: which folders are looked in, and what lies there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from genrescope.models import places
from genrescope.models.file import ModelFile, digest_file, read_model
from genrescope.models.index import digests_of
from genrescope.models.places import (
    FOLDERS_VARIABLE,
    SUFFIX,
    files_of,
    folders,
    is_there,
    say_absent_folders,
)
from genrescope.types import DigestError, ModelCard, ModelError, ModelNotFoundError, refuse

DEFAULTS = ("mobilenetv3_mel", "mobilenetv3_cqt")
"""What runs where no model is named: the first of these that is there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A model file that was found, whether or not it can be used.

    Attributes
    ----------
    name : str
    path : Path
    place : str
        ``GENRESCOPE_MODELS``, ``checkout``, ``installed`` or ``built in``.
    card : ModelCard or None
    problem : str
        Why it cannot be used, or "".
    """

    name: str
    path: Path
    place: str
    card: ModelCard | None
    problem: str = ""


@lru_cache(maxsize=64)
def _read_cached(path: Path, size: int, modified: int, digest: str | None) -> ModelFile:
    return read_model(path, expected_digest=digest)


def read_found(path: Path) -> ModelFile:
    """Read a model file, held against the index beside it; unchanged files are read once.

    Raises
    ------
    ModelError
        As `read_model`, and where the index cannot be read.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    digest = digests_of(path.parent).get(path.stem)
    return _read_cached(path, state.st_size, state.st_mtime_ns, digest)


def list_models() -> list[Listing]:
    """All model files, usable or not, in order of name; a name found twice counts where first."""
    listings: dict[str, Listing] = {}
    for place, folder in folders():
        for path in files_of(folder):
            if path.stem not in listings:
                listings[path.stem] = _list_one(path, place)
    return [listings[name] for name in sorted(listings)]


def _list_one(path: Path, place: str) -> Listing:
    try:
        return Listing(path.stem, path, place, read_found(path).card)
    except ModelError as error:
        return Listing(path.stem, path, place, None, str(error))


def find(name: str) -> ModelFile:
    """The model of that name, or at that path.

    Raises
    ------
    ModelNotFoundError
        With what there is, and the nearest name.
    ModelError
        If it is there and cannot be used.
    """
    if name.endswith(SUFFIX) and is_there(Path(name)):
        return read_found(Path(os.path.realpath(name)))
    path = _locate(name)
    if path is not None:
        return read_found(path)
    known = [listing.name for listing in list_models()]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    there = ", ".join(known) or "none at all"
    raise ModelNotFoundError(f"no model {name!r}{hint} There are: {there}{say_absent_folders()}")


def _locate(name: str) -> Path | None:
    """What `list_models` lists under that name, read or not."""
    if Path(name).name != name or name.startswith("."):
        return None
    paths = (folder / f"{name}{SUFFIX}" for _, folder in folders())
    return next((path for path in paths if is_there(path)), None)


def namesakes(name: str) -> tuple[tuple[str, Path], ...]:
    """Every file of a model's name, with its place; the first is the one that answers."""
    found = ((place, folder / f"{name}{SUFFIX}") for place, folder in folders())
    return tuple((place, path) for place, path in found if is_there(path))


def default_models() -> tuple[str, ...]:
    """Names of what runs where nothing is asked for.

    Raises
    ------
    ModelNotFoundError
        If there is no usable model at all, with what is wrong with those that are there.
    ModelError
        If the file that should answer cannot be used: another model's answer would look like its.
    """
    for name in DEFAULTS:
        path = _locate(name)
        if path is not None:
            problem = _list_one(path, "").problem
            refuse(bool(problem), f"{problem}. Mend or remove it, or name a --model", ModelError)
            return (name,)
    own, listings = own_models(), list_models()
    if own:
        return own[:1]
    others = [listing.name for listing in listings if not listing.problem]
    if others:
        raise ModelNotFoundError(
            f"the only models here were trained by others and run where they are named: --model "
            f"{others[0]}"
        )
    problems = "".join(f"; {listing.problem}" for listing in listings)
    raise ModelNotFoundError(
        f"no model file that can be used: put one into {places.installed_folder()}, or point "
        f"{FOLDERS_VARIABLE} at a folder that has some{problems}{say_absent_folders()}"
    )


def own_models() -> tuple[str, ...]:
    """Names of the usable models that were trained from scratch: what ``all`` stands for."""
    return tuple(one.name for one in list_models() if one.card and not one.card.pretrained)


def spell_out(names: Sequence[str]) -> tuple[str, ...]:
    """The names with ``all`` spelt out as `own_models`, none of them twice.

    Examples
    --------
    >>> spell_out(["b", "a", "b"])
    ('b', 'a')
    """
    wanted = dict.fromkeys(names)
    if "all" in wanted:
        wanted = dict.fromkeys([*own_models(), *(name for name in wanted if name != "all")])
    return tuple(wanted)


def verify(name: str) -> ModelFile:
    """Read a model again from its bytes, whatever was read before.

    Raises
    ------
    ModelError
    """
    _read_cached.cache_clear()
    model = find(name)
    if digest_file(model.path) != model.sha256:
        raise DigestError(f"{model.path} changed while it was read")
    return model
