"""Which sound files there are, and what they are labelled: by folder, tag, name or table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.audio.suffixes import SOUND_SUFFIXES
from genrescope.audio.tags import read_tags
from genrescope.learn.own.pattern import Pattern
from genrescope.learn.own.song import Passed, Song, artist_key, tidy
from genrescope.learn.own.table import read_table
from genrescope.types import DecodeError, TrainingError, refuse

SOURCES = ("folder", "tag", "csv", "name-pattern")
"""Where labels may come from."""

Tell = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and the name of what comes next."""


@dataclass(frozen=True, slots=True)
class Question:
    """Where the music is and how its labels are to be found.

    Attributes
    ----------
    place : Path
        A folder, or a CSV file.
    labels_from : str
        One of `SOURCES`.
    pattern : Pattern, optional
        Of file names; needed for ``name-pattern``, welcome elsewhere for the artist.
    """

    place: Path
    labels_from: str = "folder"
    pattern: Pattern | None = None

    def __post_init__(self) -> None:
        known = self.labels_from in SOURCES
        refuse(not known, f"labels come from one of {', '.join(SOURCES)}", TrainingError)
        refuse(not self.place.exists(), f"{shown(str(self.place))}: not there", TrainingError)
        if self.place.is_dir():
            refuse(self.labels_from == "csv", "labels from csv: give the CSV file", TrainingError)
        else:
            refuse(
                self.labels_from == "folder",
                f"{shown(str(self.place))} is no folder: give the folder whose sub-folders are "
                "genres, or a table with --labels-from csv",
                TrainingError,
            )
        if self.labels_from == "name-pattern":
            given = self.pattern is not None and "label" in self.pattern.fields
            refuse(
                not given,
                "labels from names need a pattern that has {label}, "
                "e.g. --pattern '{artist} - {title} [{label}]'",
                TrainingError,
            )


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: songs with labels, and files passed over with reasons."""

    songs: tuple[Song, ...]
    passed: tuple[Passed, ...]


def find_songs(question: Question, tell: Tell | None = None) -> Found:
    """List the songs, in order of name, each with its label and, where known, its artist.

    The artist is taken from the table or the file's name where they say it, then from the tags,
    then from the folder below the genre's.

    Raises
    ------
    TrainingError
        If the table cannot be read, or nothing was found.
    """
    passed: list[Passed] = []
    if question.place.is_dir():
        entries = [_from_folder(question, path) for path in _sounds(question.place, passed)]
    else:
        entries = read_table(question.place, passed)
    songs = []
    for number, song in enumerate(entries):
        if tell is not None:
            tell(number, len(entries), song.name)
        completed = _complete(song, question)
        if completed.label:
            songs.append(completed)
        else:
            passed.append(Passed(song.name, _no_label(question)))
    if not songs:
        why = f"; {len(passed)} passed over, the first: {passed[0].reason}" if passed else ""
        raise TrainingError(f"{shown(str(question.place))}: no labelled song found{why}")
    return Found(tuple(songs), tuple(passed))


def _sounds(folder: Path, passed: list[Passed]) -> Iterator[Path]:
    """Paths relative to `folder`; links are followed, each folder is entered once."""
    entered: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        passed.append(Passed(shown(str(error.filename)), f"cannot be looked into ({error})"))

    for here, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        place = Path(here)
        state = place.stat()
        known = (state.st_dev, state.st_ino)
        if known in entered or _leads_out(place, folder):
            folders.clear()
            passed.append(Passed(shown(str(place)), "a link to a folder that is looked at already"))
            continue
        entered.add(known)
        plain = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        folders[:] = sorted(plain, key=lambda name: ((place / name).is_symlink(), name))
        for name in sorted(files):
            path = place / name
            if name.startswith(".") or path.suffix.lower() not in SOUND_SUFFIXES:
                continue
            if path.is_file():
                yield path.relative_to(folder)
            else:
                what = "a link to nothing" if path.is_symlink() else "not a plain file"
                passed.append(Passed(shown(str(path.relative_to(folder))), what))


def _leads_out(place: Path, folder: Path) -> bool:
    """Whether a link leads to a folder above `folder`: all that lies there is not of a genre."""
    return place != folder and folder.resolve().is_relative_to(place.resolve())


def _from_folder(question: Question, path: Path) -> Song:
    above = path.parts[:-1]
    label = tidy(above[0]) if above and question.labels_from == "folder" else ""
    depth = 1 if question.labels_from == "folder" else 0
    artist = tidy(above[depth]) if len(above) > depth else ""
    return Song(question.place / path, shown(str(path)), label, artist, "folder" if artist else "")


def _complete(song: Song, question: Question) -> Song:
    """The song with what its name and its tags say."""
    label, artist, origin = song.label, song.artist, song.artist_from
    tags = _tags(song.path) if origin != "table" or question.labels_from == "tag" else {}
    tagged = next(
        (tags[key] for key in ("album_artist", "albumartist", "artist") if _names_one(tags, key)),
        "",
    )
    if tagged and origin != "table":
        artist, origin = tidy(tagged), "tag"
    if question.labels_from == "tag":
        label = tidy(tags.get("genre", "").split(";")[0])
    if question.pattern is not None:
        read = question.pattern.read(Path(song.name))
        if question.labels_from == "name-pattern":
            label = tidy(read.get("label", ""))
        if read.get("artist") and origin != "table":
            artist, origin = tidy(read["artist"]), "name"
    return Song(song.path, song.name, label, artist, origin)


def _tags(path: Path) -> dict[str, str]:
    try:
        return read_tags(path)
    except DecodeError:
        return {}  # what is no sound at all is said when it is drawn


def _names_one(tags: dict[str, str], key: str) -> bool:
    return bool(artist_key(tags.get(key, "")))


def _no_label(question: Question) -> str:
    if question.labels_from == "tag":
        return "no genre tag"
    if question.labels_from == "name-pattern":
        return "its name does not match the pattern"
    return "lies in no genre's folder" if question.place.is_dir() else "no label in the table"
