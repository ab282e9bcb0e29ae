"""Putting model files into the user's folder, and taking them out again."""

from __future__ import annotations

import hashlib
import re
import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from genrescope.models import places
from genrescope.models.file import LIMIT_BYTES, ModelFile, read_model
from genrescope.models.places import SUFFIX, is_there
from genrescope.models.zoo import list_models, namesakes
from genrescope.types import DigestError, ModelError, ModelNotFoundError, refuse

CHUNK_BYTES = 2**20
TIMEOUT_SECONDS = 60
IN_THE_SOURCES = (
    "densenet121_cqt",
    "densenet121_mel",
    "efficientnet_b0_cqt",
    "resnet50_cqt",
    "resnet50_mel",
    "vgg19_bn_cqt",
    "vgg19_bn_mel",
    "vit_b_16_mel",
)
"""Models of ours that the package is too small to carry: files in ``models/`` of the sources."""


def install(source: str, sha256: str | None = None) -> ModelFile:
    """Copy or download a model file, verify it, and keep it under its card's name.

    Parameters
    ----------
    source : str
        Path, or http(s) URL.
    sha256 : str, optional
        What the file's digest must be; required for a URL.

    Returns
    -------
    ModelFile

    Raises
    ------
    ModelError
        If the source cannot be read or is no model file, or the folder cannot be written.
    DigestError
        If the digest is another.
    """
    refuse(
        _is_remote(source) and sha256 is None,
        "a model from a URL needs --sha256, so that what arrives is what was meant",
        ModelError,
    )
    refuse(not _is_remote(source) and not is_there(Path(source)), _say_absent(source), ModelError)
    folder = places.installed_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".arriving-") as waiting:
            target = _fetch(source, sha256, Path(waiting) / f"model{SUFFIX}", folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error})") from error
    return read_model(target)


def _say_absent(source: str) -> str:
    """What to say of a source that is no file: where such a model lies, and what can be named."""
    name = source.removesuffix(SUFFIX)
    for place, path in namesakes(name) if Path(name).name == name else ():
        return (
            f"{source}: no such file, and no need of one: {name} is there already ({place}: {path})"
        )
    lies = ""
    if name in IN_THE_SOURCES:
        lies = f"; {name} lies in Genrescope's source repository as models/{name}{SUFFIX}"
    return (
        f"{source}: no such file{lies}. Name a model file's path, or an https:// address with "
        "--sha256; there is no catalogue on the net to take a model from by its name"
    )


def _fetch(source: str, sha256: str | None, partial: Path, folder: Path) -> Path:
    """Bring the file to `partial`, look at it, and only then move it into the folder."""
    with partial.open("wb") as file:
        digest = _copy(source, file)
    if sha256 is not None and digest != sha256.lower():
        raise DigestError(f"{source}: SHA-256 is {digest}, not {sha256.lower()}")
    target = folder / f"{_name(partial, source)}{SUFFIX}"
    partial.replace(target)
    return target


def _name(partial: Path, source: str) -> str:
    """What the card inside calls the model, where a file can be called so."""
    try:
        name = read_model(partial).card.name
    except ModelError as error:
        raise type(error)(str(error).replace(str(partial), source)) from error
    plain = re.fullmatch(r"\w[\w.-]{0,99}", name) is not None
    refuse(not plain, f"{source}: its card names it {name!r}, which cannot name a file", ModelError)
    return name


def _copy(source: str, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    written = 0
    try:
        with _open(source) as incoming:
            while chunk := incoming.read(CHUNK_BYTES):
                written += len(chunk)
                refuse(written > LIMIT_BYTES, f"{source}: larger than 2 GiB", ModelError)
                digest.update(chunk)
                file.write(chunk)
    except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
        raise ModelError(f"{source}: cannot be read ({error})") from error
    return digest.hexdigest()


def _is_remote(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


class _HttpOnly(HTTPRedirectHandler):
    """Follows redirects that stay within HTTP; urllib alone follows them to FTP as well."""

    def redirect_request(self, *given: Any) -> Request | None:
        target = str(given[-1])
        if not _is_remote(target):
            raise OSError(f"it sends on to {target}, which is not http or https")
        return super().redirect_request(*given)


def _open(source: str) -> IO[bytes]:
    if not _is_remote(source):
        return Path(source).open("rb")
    response: IO[bytes] = build_opener(_HttpOnly).open(source, timeout=TIMEOUT_SECONDS)
    return response


def remove(name: str) -> Path:
    """Delete a model that was installed.

    Returns
    -------
    Path
        Of the file that is gone.

    Raises
    ------
    ModelNotFoundError
        If there is none of that name.
    ModelError
        If it was not installed but came with the package or lies in a folder of yours, or if it
        cannot be removed.
    """
    path = places.installed_folder() / f"{name}{SUFFIX}"
    if Path(name).name == name and is_there(path):
        try:
            path.unlink()
        except OSError as error:
            raise ModelError(f"{path}: cannot be removed ({error})") from error
        return path
    for listing in list_models():
        if listing.name == name:
            raise ModelError(f"{listing.path} was not installed here, so it is not removed here")
    raise ModelNotFoundError(f"no model {name!r} is installed")
