"""Walking a library: which sound files there are, and how each stands."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from urllib.request import url2pathname

from genrescope.audio.source import shown
from genrescope.audio.suffixes import SOUND_SUFFIXES
from genrescope.collection.ignoring import IGNORE_FILE, Rule, judge, read_rules
from genrescope.collection.places import is_url, list_sounds
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, refuse

Scoped = tuple[tuple[str, tuple[Rule, ...]], ...]
"""Rules with the folder that they count from, outermost first."""

_SEPARATOR = os.fsencode(os.sep)


@dataclass(slots=True)
class Walk:
    """What walking found.

    Attributes
    ----------
    files : list of FileState
        In order of name, folder by folder.
    unread : list of (bytes, str)
        Folders and files that could not be looked into, with the reason.
    """

    files: list[FileState] = field(default_factory=list)
    unread: list[tuple[bytes, str]] = field(default_factory=list)


def absolute(path: str | Path) -> str:
    """The path from the root on, without ``.`` and ``..``; links stay as they are, addresses too.

    >>> absolute("/a/../b"), absolute("s3://bucket/a/"), absolute("file:///a/b%20c.mp3")
    ('/b', 's3://bucket/a', '/a/b c.mp3')
    """
    if is_url(str(path)):
        kind, _, rest = str(path).partition("://")
        return url2pathname(rest) if kind == "file" else str(path).rstrip("/")
    return os.path.abspath(path)  # noqa: PTH100 - pathlib would not take out `..`


class Reach:
    """Some places and all that lies below them.

    Parameters
    ----------
    roots : iterable of str or bytes
        Folders, files or addresses; bytes are paths from the root on already.
    """

    def __init__(self, roots: Iterable[str | bytes]) -> None:
        places = (r if isinstance(r, bytes) else os.fsencode(absolute(r)) for r in roots)
        self._places = frozenset(places)
        self._below = tuple(one.rstrip(_SEPARATOR) + _SEPARATOR for one in self._places)

    def covers(self, path: bytes) -> bool:
        """Whether a path is one of the places, or lies below one.

        >>> Reach(["/a"]).covers(b"/a/b.mp3"), Reach(["/a"]).covers(b"/ab.mp3")
        (True, False)
        """
        return path in self._places or path.startswith(self._below)


def walk(roots: tuple[str, ...]) -> Walk:
    """Every sound file below the roots, by its name; hidden ones and ignored ones are not.

    Parameters
    ----------
    roots : tuple of str
        Folders, or files, which are taken whatever they are called, or addresses. Links to folders
        are not followed, so that no circle is walked.

    Raises
    ------
    CollectionError
        If one is not there: a drive that is not mounted must not look like an emptied library.
    """
    found = Walk()
    for root in roots:
        path = absolute(root)
        if is_url(path):
            found.files.extend(list_sounds(path))
            continue
        try:
            state = Path(path).stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CollectionError(f"{shown(path)}: cannot be scanned ({reason})") from error
        if stat.S_ISDIR(state.st_mode):
            _walk_folder(path, (), found)
        else:
            refuse(
                not stat.S_ISREG(state.st_mode),
                f"{shown(path)}: neither a folder nor a file",
                CollectionError,
            )
            found.files.append(FileState(os.fsencode(path), state.st_size, state.st_mtime_ns))
    found.files = list({one.path: one for one in found.files}.values())
    return found


def _walk_folder(top: str, scoped: Scoped, found: Walk) -> None:
    """Depth first, with a stack of one's own: folders may lie deeper than Python recurses."""
    waiting: list[tuple[str, Scoped]] = [(top, scoped)]
    while waiting:
        folder, outer = waiting.pop()
        try:
            rules = _with_rules(folder, outer)
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            found.unread.append((os.fsencode(folder), error.strerror or str(error)))
            continue
        below = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _ignored(entry.path, is_folder, rules):
                    continue
                if is_folder:
                    below.append((entry.path, rules))
                else:
                    found.files.extend(_file(entry))
            except OSError as error:
                found.unread.append((os.fsencode(entry.path), error.strerror or str(error)))
        waiting.extend(reversed(below))


def _file(entry: os.DirEntry[str]) -> Iterator[FileState]:
    if PurePath(entry.name).suffix.lower() not in SOUND_SUFFIXES:
        return
    state = entry.stat()
    if stat.S_ISREG(state.st_mode):  # a pipe would be waited for, for ever
        yield FileState(os.fsencode(entry.path), state.st_size, state.st_mtime_ns)


def _with_rules(folder: str, outer: Scoped) -> Scoped:
    path = Path(folder) / IGNORE_FILE
    if not path.is_file():
        return outer
    return (*outer, (folder, read_rules(path.read_text(encoding="utf-8", errors="replace"))))


def _ignored(path: str, is_folder: bool, scoped: Scoped) -> bool:
    """The innermost file that says something of the path decides."""
    verdict = False
    for folder, rules in scoped:
        below = os.path.relpath(path, folder).replace(os.sep, "/")
        verdict = judge(below, is_folder, rules, verdict)
    return verdict
