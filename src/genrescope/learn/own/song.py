"""One sound file of a person's own, with what is known of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.learn.splits import plain_name

NOBODY = frozenset(
    ["", "va", "various", "variousartists", "unknown", "unknownartist", "artist", "none"]
)
"""Plain names that stand in artist tags and are nobody's."""

_JOINERS = re.compile(r"\s(?:feat|ft|featuring|vs|x)\b\.?\s?|[;&\0]|,\s|\s/\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Song:
    """A file that may teach.

    Attributes
    ----------
    path : Path
    name : str
        For people: relative to the folder, printable, unique.
    label : str
        Its genre as it was found, or "".
    artist : str
        As it was found, or "" where nothing says.
    artist_from : str
        ``table``, ``name``, ``tag``, ``folder``, or "".
    """

    path: Path
    name: str
    label: str
    artist: str = ""
    artist_from: str = ""

    @property
    def group(self) -> str:
        """What must not stand in two splits: the first artist, or the song where none is known.

        Examples
        --------
        >>> one = Song(Path("a.mp3"), "a.mp3", "Rap", "Gunna feat. Future", "tag")
        >>> one.group == Song(Path("b.mp3"), "b.mp3", "Rap", "GUNNA", "tag").group
        True
        """
        key = artist_key(self.artist)
        return f"artist {key}" if key else f"song {self.name}"


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that was passed over, and why."""

    name: str
    reason: str


def tidy(text: str) -> str:
    r"""A label or a name in one printable line: composed Unicode, single spaces.

    Examples
    --------
    >>> tidy("  Hip  Hop\n")
    'Hip Hop'
    """
    return shown(unicodedata.normalize("NFC", " ".join(text.split())))


def artist_key(artist: str) -> str:
    """The first artist named, reduced so that spellings meet; "" where that is nobody.

    Examples
    --------
    >>> artist_key("AC/DC") == artist_key("ACDC"), artist_key("Various Artists")
    (True, '')
    """
    first = next((part for part in _JOINERS.split(artist) if part.strip()), "")
    plain = plain_name(first) or first.strip().lower()
    return "" if plain in NOBODY else plain
