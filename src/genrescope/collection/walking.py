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
from genrescope.collection.patterns import Pattern, read_pattern
from genrescope.collection.places import is_url, list_sounds
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, refuse

Scoped = tuple[tuple[str, tuple[Rule, ...]], ...]
"""Rules with the folder that they count from, outermost first."""

_SEPARATOR = os.fsencode(os.sep)
_EVERYTHING = Pattern("", ("**",))


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

    Raises
    ------
    CollectionError
        If the path is empty, which would be the current folder.
    """
    empty = "an empty name is no folder: is a variable of the shell empty? For this folder say ."
    refuse(not str(path), empty, CollectionError)
    if is_url(str(path)):
        kind, _, rest = str(path).partition("://")
        return url2pathname(rest) if kind == "file" else str(path).rstrip("/")
    return os.path.abspath(path)  # noqa: PTH100 - pathlib would not take out `..`


class Reach:
    """Some places and all that lies below them.

    Parameters
    ----------
    roots : iterable of str or bytes
        Folders, files, patterns or addresses; bytes are paths from the root on already.
    """

    def __init__(self, roots: Iterable[str | bytes]) -> None:
        given = list(roots)
        named = [absolute(one) for one in given if isinstance(one, str)]
        read = {one: _pattern(one) for one in named}
        self._patterns = [one for one in read.values() if one is not None]
        paths = (os.fsencode(one) for one, pattern in read.items() if pattern is None)
        self._places = frozenset([*paths, *(one for one in given if isinstance(one, bytes))])
        self._below = tuple(one.rstrip(_SEPARATOR) + _SEPARATOR for one in self._places)

    def covers(self, path: bytes) -> bool:
        """Whether a path is one of the places, or lies below one.

        >>> Reach(["/a"]).covers(b"/a/b.mp3"), Reach(["/a"]).covers(b"/ab.mp3")
        (True, False)
        """
        if path in self._places or path.startswith(self._below):
            return True
        return any(one.covers(os.fsdecode(path)) for one in self._patterns)


def _pattern(path: str) -> Pattern | None:
    return None if is_url(path) else read_pattern(path)


def folder_of(root: str) -> str:
    """The folder that a root lies in if it is a pattern; else the root as it was given.

    >>> folder_of("/music/**/*.mp3"), folder_of("music")
    ('/music', 'music')
    """
    pattern = _pattern(absolute(root))
    return root if pattern is None else pattern.base


def walk(roots: tuple[str, ...], may_match_nothing: bool = False) -> Walk:
    """Every sound file below the roots, by its name; hidden ones and ignored ones are not.

    Parameters
    ----------
    roots : tuple of str
        Folders, or files, which are taken whatever they are called, or addresses, or patterns such
        as ``/music/**/*.mp3``, where what is taken is what would be taken of the folder before
        the first sign. Links to folders are not followed, so that no circle is walked.
    may_match_nothing : bool
        Whether a pattern without a match is no error.

    Raises
    ------
    CollectionError
        If one is not there, or matches nothing: a drive that is not mounted must not look like an
        emptied library.
    """
    found = Walk()
    for root in roots:
        path = absolute(root)
        if is_url(path):
            found.files.extend(list_sounds(path))
            continue
        pattern = read_pattern(path)
        state = _state(path if pattern is None else pattern.base)
        if pattern is not None:
            matched = _walk_folder(pattern.base, found, pattern)
            refuse(
                not (matched or may_match_nothing),
                f"{shown(path)}: matches no folder and no file with a sound's name",
                CollectionError,
            )
        elif stat.S_ISDIR(state.st_mode):
            _walk_folder(path, found)
        else:
            refuse(
                not stat.S_ISREG(state.st_mode),
                f"{shown(path)}: neither a folder nor a file",
                CollectionError,
            )
            found.files.append(FileState(os.fsencode(path), state.st_size, state.st_mtime_ns))
    found.files = list({one.path: one for one in found.files}.values())
    return found


def _state(path: str) -> os.stat_result:
    try:
        return Path(path).stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CollectionError(f"{shown(path)}: cannot be scanned ({reason})") from error


def _walk_folder(top: str, found: Walk, pattern: Pattern = _EVERYTHING) -> bool:
    """Depth first, with a stack of one's own: folders may lie deeper than Python recurses.

    Says whether anything matched, or could not be looked into.
    """
    before = (len(found.files), len(found.unread))
    matched = pattern.ends_in(pattern.start())
    waiting: list[tuple[str, Scoped, frozenset[int]]] = [(top, (), pattern.start())]
    while waiting:
        folder, outer, places = waiting.pop()
        try:
            rules = _with_rules(folder, outer)
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            found.unread.append((os.fsencode(folder), error.strerror or str(error)))
            continue
        below = []
        for entry in entries:
            inside = pattern.ends_in(places)
            reached = places if inside else pattern.step(places, entry.name)
            if entry.name.startswith(".") or not reached:
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _ignored(entry.path, is_folder, rules):
                    continue
                if is_folder:
                    below.append((entry.path, rules, reached))
                    matched = matched or pattern.ends_in(reached)
                elif pattern.ends_in(reached):
                    found.files.extend(_file(entry))
            except OSError as error:
                found.unread.append((os.fsencode(entry.path), error.strerror or str(error)))
        waiting.extend(reversed(below))
    return matched or (len(found.files), len(found.unread)) != before


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
