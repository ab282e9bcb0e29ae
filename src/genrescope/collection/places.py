"""Files that lie elsewhere: ``s3://``, ``gs://``, ``https://`` and whatever else fsspec reads.

One is copied to a temporary file while it is in work. What says that it has not changed is its
size and its time of change, or its entity tag where a server gives no time.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from genrescope.audio.source import AudioSource, shown
from genrescope.audio.suffixes import SOUND_SUFFIXES
from genrescope.collection.ignoring import IGNORE_FILE, Rule, judge, read_rules
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, MissingExtraError, refuse

_STAMPS = ("mtime", "LastModified", "last_modified", "updated", "created", "ETag", "etag")


def is_url(path: str) -> bool:
    """Whether a path is an address; ``file://`` is one too.

    >>> is_url("s3://music/jazz"), is_url("/music/jazz")
    (True, False)
    """
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme.replace("::", "").replace("+", "").isalnum()


def list_sounds(url: str) -> list[FileState]:
    """Every sound file below an address, in order of name; hidden and ignored ones are not.

    Parameters
    ----------
    url : str
        A folder, a bucket, a page of links, or one file.

    Raises
    ------
    CollectionError
        If nothing is there, or it cannot be reached.
    MissingExtraError
        If fsspec is not installed.
    """
    root = url.rstrip("/")
    files, path = _filesystem(root)
    try:
        if PurePosixPath(path).suffix.lower() in SOUND_SUFFIXES and files.isfile(path):
            return [_state(root, files.info(path))]
        found = files.find(path, detail=True)
        refuse(not (found or files.exists(path)), f"{shown(root)}: not there", CollectionError)
        below = {one.removeprefix(path).lstrip("/"): one for one in sorted(found)}
        rules = {
            str(PurePosixPath(name).parent): read_rules(
                files.cat_file(one).decode(errors="replace")
            )
            for name, one in below.items()
            if PurePosixPath(name).name == IGNORE_FILE
        }
        return [
            _state(f"{root}/{name}", _whole(files, one, found[one]))
            for name, one in below.items()
            if PurePosixPath(name).suffix.lower() in SOUND_SUFFIXES and not _ignored(name, rules)
        ]
    except CollectionError:
        raise
    except Exception as error:  # each kind of place has errors of its own
        raise CollectionError(f"{shown(root)}: cannot be scanned ({_told(error)})") from error


@contextmanager
def fetched(path: str, size: int, folder: str | None = None) -> Iterator[tuple[AudioSource, bytes]]:
    """A file as something to decode, and the SHA-256 of its bytes; a copy where it lies elsewhere.

    Parameters
    ----------
    path : str
    size : int
        In bytes, as it was listed.
    folder : str, optional
        Where a copy goes; else where temporary files go.

    Raises
    ------
    OSError
        If it cannot be read, or has another size.
    """
    if not is_url(path):
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        yield path, digest
        return
    with tempfile.TemporaryDirectory(prefix="genrescope-", dir=folder) as own:
        copy = Path(own) / "copy"
        try:
            files, inside = _filesystem(path)
            files.get_file(inside, str(copy))
        except Exception as error:  # each kind of place has errors of its own
            raise OSError(_told(error)) from error
        if size >= 0 and copy.stat().st_size != size:
            raise OSError("it changed since it was listed; scan again")
        with _named(copy, path) as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            yield file, digest


def _named(copy: Path, name: str) -> io.BufferedReader:
    """The copy, called before people what it is a copy of."""
    raw = io.FileIO(copy)
    raw.name = name
    return io.BufferedReader(raw)


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("reading files that lie elsewhere", "ray") from error
    refuse("::" in url, f"{shown(url)}: an address within another is not read", CollectionError)
    refuse(
        urlsplit(url).password is not None,
        "an address with a password would be kept in the store: put it into the environment or "
        "fsspec's configuration",
        CollectionError,
    )
    try:
        files, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError, OSError) as error:
        raise CollectionError(f"{shown(url)}: cannot be reached ({_told(error)})") from error
    return files, str(path)


def _whole(files: Any, path: str, info: Mapping[str, Any]) -> Mapping[str, Any]:
    """Listings of pages do not say how large a file is; asking for the file does."""
    return info if info.get("size") is not None else files.info(path)


def _state(url: str, info: Mapping[str, Any]) -> FileState:
    size = info.get("size")
    return FileState(os.fsencode(url), -1 if size is None else int(size), _stamp(info))


def _stamp(info: Mapping[str, Any]) -> int:
    """The time of change in nanoseconds, or a number that changes with the content; else 0.

    >>> _stamp({"size": 3, "mtime": 1.5}), _stamp({"size": 3})
    (1500000000, 0)
    """
    said = next((info[key] for key in _STAMPS if info.get(key) is not None), 0)
    if isinstance(said, datetime):
        return round(said.timestamp() * 1e9)
    if isinstance(said, str):
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:7])
    return round(float(said) * 1e9)


def _ignored(name: str, rules: Mapping[str, tuple[Rule, ...]]) -> bool:
    """Whether a file below the root, or a folder that it lies in, is hidden or ignored."""
    parts = PurePosixPath(name).parts
    for depth in range(1, len(parts) + 1):
        if parts[depth - 1].startswith("."):
            return True
        verdict = False
        for start in range(depth):
            own = rules.get(str(PurePosixPath(*parts[:start])), ())
            verdict = judge("/".join(parts[start:depth]), depth < len(parts), own, verdict)
        if verdict:
            return True
    return False


def _told(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
