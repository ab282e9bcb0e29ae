"""Putting model files into the user's folder, and taking them out again."""

from __future__ import annotations

import hashlib
import re
import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from genrescope.models.file import LIMIT_BYTES, ModelFile, read_model
from genrescope.models.zoo import SUFFIX, installed_folder, list_models
from genrescope.types import DigestError, ModelError, ModelNotFoundError, refuse

CHUNK_BYTES = 2**20
TIMEOUT_SECONDS = 60


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
        If the source cannot be read, or is no model file.
    DigestError
        If the digest is another.
    """
    remote = source.lower().startswith(("http://", "https://"))
    refuse(
        remote and sha256 is None,
        "a model from a URL needs --sha256, so that what arrives is what was meant",
        ModelError,
    )
    folder = installed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".arriving-") as waiting:
        partial = Path(waiting) / f"model{SUFFIX}"
        with partial.open("wb") as file:
            digest = _copy(source, remote, file)
        if sha256 is not None and digest != sha256.lower():
            raise DigestError(f"{source}: SHA-256 is {digest}, not {sha256.lower()}")
        target = folder / f"{_name(partial, source)}{SUFFIX}"
        partial.replace(target)
    return read_model(target)


def _name(partial: Path, source: str) -> str:
    """What the card inside calls the model, where a file can be called so."""
    try:
        name = read_model(partial).card.name
    except ModelError as error:
        raise type(error)(str(error).replace(str(partial), source)) from error
    plain = re.fullmatch(r"\w[\w.-]{0,99}", name) is not None
    refuse(not plain, f"{source}: its card names it {name!r}, which cannot name a file", ModelError)
    return name


def _copy(source: str, remote: bool, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    written = 0
    try:
        with _open(source, remote) as incoming:
            while chunk := incoming.read(CHUNK_BYTES):
                written += len(chunk)
                refuse(written > LIMIT_BYTES, f"{source}: larger than 2 GiB", ModelError)
                digest.update(chunk)
                file.write(chunk)
    except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
        raise ModelError(f"{source}: cannot be read ({error})") from error
    return digest.hexdigest()


def _open(source: str, remote: bool) -> IO[bytes]:
    if not remote:
        return Path(source).open("rb")
    response: IO[bytes] = urlopen(source, timeout=TIMEOUT_SECONDS)
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
        If it was not installed but came with the package or lies in a folder of yours.
    """
    path = installed_folder() / f"{name}{SUFFIX}"
    if Path(name).name == name and path.is_file():
        path.unlink()
        return path
    for listing in list_models():
        if listing.name == name:
            raise ModelError(f"{listing.path} was not installed here, so it is not removed here")
    raise ModelNotFoundError(f"no model {name!r} is installed")
