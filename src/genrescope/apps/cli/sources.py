"""What the arguments of a command name: files, folders, standard input."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from genrescope.audio.suffixes import SOUND_SUFFIXES
from genrescope.types import AudioError, refuse

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
"""Names that lie beside music: among several arguments they are heard where they hold sound."""


EMPTY_NAME = "an empty name is no file: is a variable of the shell empty? For this folder say ."


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
        several arguments, what by its name cannot be sound (a cover, a licence) is passed over
        where it holds none, so that ``samples/*`` means what it says.
    """
    given = list(arguments)
    paths: list[str] = []
    skipped: list[str] = []
    for argument in given:
        refuse(not argument, EMPTY_NAME, AudioError)
        path = Path(argument)
        if argument != "-" and path.is_dir():
            paths.extend(_sounds_below(path))
        elif len(given) > 1 and path.suffix.lower() in BESIDE_SUFFIXES and not _holds_sound(path):
            skipped.append(argument)
        else:
            paths.append(argument)
    return Sources(tuple(dict.fromkeys(paths)), tuple(skipped))


def _holds_sound(path: Path) -> bool:
    """Whether a file is sound whatever its name."""
    from genrescope.audio import open_audio

    if not path.is_file():
        return True  # a pipe is read, and what is not there told of, later
    try:
        open_audio(path).close()
    except AudioError:
        return False
    return True


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
