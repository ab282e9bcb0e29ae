"""Putting model files into the user's folder, and taking them out again."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.parse import urlsplit
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
    remote = urlsplit(source).scheme in ("http", "https")
    refuse(
        remote and sha256 is None,
        "a model from a URL needs --sha256, so that what arrives is what was meant",
        ModelError,
    )
    folder = installed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".arriving-", delete=False) as file:
        partial = Path(file.name)
        try:
            digest = _copy(source, remote, file)
            file.close()
            if sha256 is not None and digest != sha256.lower():
                raise DigestError(f"{source}: SHA-256 is {digest}, not {sha256.lower()}")
            name = read_model(partial).card.name
            refuse(Path(name).name != name, f"{name!r} cannot name a file", ModelError)
            target = folder / f"{name}{SUFFIX}"
            partial.chmod(0o644)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return read_model(target)


def _copy(source: str, remote: bool, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    written = 0
    try:
        with ExitStack() as stack:
            incoming = stack.enter_context(_open(source, remote))
            while chunk := incoming.read(CHUNK_BYTES):
                written += len(chunk)
                refuse(written > LIMIT_BYTES, f"{source}: larger than 2 GiB", ModelError)
                digest.update(chunk)
                file.write(chunk)
    except (OSError, URLError) as error:
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
    for listing in list_models():
        if listing.name != name:
            continue
        if listing.place != "installed":
            raise ModelError(f"{listing.path} was not installed here, so it is not removed here")
        listing.path.unlink()
        return listing.path
    raise ModelNotFoundError(f"no model {name!r} is installed")
