"""What joins several genres into one value: one for all files, or one for each format."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genrescope.types import TagError, refuse

ENDINGS = tuple(
    "aif aifc aiff ape dsf flac m4a m4b mp3 mp4 oga ogg opus tta wav wv".split()  # noqa: SIM905
)
"""Of files whose tags can be written."""


def parse_separators(given: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Separators as people type them: ``; `` for all, ``flac= / `` for files of one ending.

    Returns
    -------
    general : str
        "" where none was given.
    by_ending : dict of str to str
        From endings, in small letters and without the dot.

    Raises
    ------
    TagError
        If a word before ``=`` is the ending of no file that can be tagged, or something has two.

    >>> parse_separators(["; ", "flac= / ", "mp3="])
    ('; ', {'flac': ' / ', 'mp3': ''})
    """
    general: list[str] = []
    by_ending: dict[str, str] = {}
    for text in given:
        found = re.fullmatch(r"\.?(\w+)=(.*)", text, re.DOTALL)
        if found is None:
            general.append(text)
            continue
        ending = found[1].lower()
        refuse(
            ending not in ENDINGS,
            f"no format {found[1]!r} to separate genres in; there are: {', '.join(ENDINGS)}",
            TagError,
        )
        refuse(ending in by_ending, f"two separators for {ending}", TagError)
        by_ending[ending] = found[2]
    refuse(len(general) > 1, "two separators for all files", TagError)
    return (*general, "")[0], by_ending
