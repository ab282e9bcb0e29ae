"""One's own words for genres, from a file or as they are typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from genrescope.audio.source import shown
from genrescope.types import TagError, refuse


def read_words(path: Path, labels: tuple[str, ...]) -> dict[str, str]:
    """Read a table of one's own words: TOML lines such as ``"Hip-Hop" = "Rap & Hip-Hop"``.

    Raises
    ------
    TagError
        If it cannot be read, or names a genre that the models do not know.
    """
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TagError(f"{shown(str(path))}: cannot be read as TOML ({error})") from error
    wrong = [name for name, word in words.items() if not isinstance(word, str)]
    refuse(bool(wrong), f"{shown(str(path))}: not a word for {', '.join(wrong)}", TagError)
    _check_genres(words, labels, f"{shown(str(path))}: ")
    return words


def parse_words(text: str, labels: tuple[str, ...]) -> dict[str, str]:
    r"""One's own words as people type them: lines such as ``Hip-Hop = Rap & Hip-Hop``.

    A line in quotes, as `read_words` wants it, says the same; nothing behind the ``=`` leaves
    the genre out.

    Raises
    ------
    TagError
        If a line has no ``=``, or names a genre twice or one that the models do not know.

    >>> parse_words('Rap = Hip-Hop\n"Pop" = ""', ("Pop", "Rap"))
    {'Rap': 'Hip-Hop', 'Pop': ''}
    """
    words: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, sign, word = (part.strip() for part in line.replace("＝", "=", 1).partition("="))
        refuse(not sign, f"no = in {line!r}: write a genre, =, and your word for it", TagError)
        name = _bare(name)
        refuse(name in words, f"two words for {name}", TagError)
        words[name] = _bare(word)
    _check_genres(words, labels)
    return words


def _bare(word: str) -> str:
    quoted = len(word) > 1 and word[0] == word[-1] == '"'
    return word[1:-1] if quoted else word


def _check_genres(words: Mapping[str, str], labels: tuple[str, ...], where: str = "") -> None:
    unknown = [name or "(nothing)" for name in words if name not in labels]
    there = ", ".join(labels)
    said = f"{where}no genre {', '.join(unknown)}; there are: {there}"
    refuse(bool(unknown), said, TagError)
