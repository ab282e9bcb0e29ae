"""What the arguments of a command name: files, folders, standard input."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from genrescope.audio.suffixes import SOUND_SUFFIXES

BESIDE_SUFFIXES = frozenset(
    [
        ".md",
        ".txt",
        ".csv",
        ".json",
        ".jpg",
        ".jpeg",
        ".png",
        ".gif",
        ".webp",
        ".pdf",
        ".cue",
        ".nfo",
        ".log",
        ".m3u",
        ".m3u8",
        ".pls",
        ".lrc",
        ".html",
        ".url",
        ".sfv",
        ".md5",
        ".toml",
        ".xml",
        ".ini",
        ".db",
    ]
)
"""Names that lie beside music and are passed over among several arguments."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is to be read, and what was passed over."""

    paths: tuple[str, ...]
    skipped: tuple[str, ...]


def find_sources(arguments: Iterable[str]) -> Sources:
    """Files as named, and the sounds in folders, in order of name.

    Parameters
    ----------
    arguments : iterable of str
        Paths; ``-`` stands for standard input. A file named by itself is always read. Among
        several arguments, what by its name cannot be sound (a cover, a licence) is passed over,
        so that ``samples/*`` means what it says.
    """
    given = list(arguments)
    paths: list[str] = []
    skipped: list[str] = []
    for argument in given:
        path = Path(argument)
        if argument != "-" and path.is_dir():
            paths.extend(_sounds_below(path))
        elif len(given) > 1 and path.suffix.lower() in BESIDE_SUFFIXES:
            skipped.append(argument)
        else:
            paths.append(argument)
    return Sources(tuple(dict.fromkeys(paths)), tuple(skipped))


def _sounds_below(folder: Path) -> list[str]:
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here) / name
            other = path.exists() and not path.is_file()  # a pipe would be waited for, for ever
            if not name.startswith(".") and path.suffix.lower() in SOUND_SUFFIXES and not other:
                found.append(str(path))
    return found
