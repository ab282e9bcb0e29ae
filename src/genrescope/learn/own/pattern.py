"""Reading label, artist and title out of a file's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from genrescope.types import TrainingError, refuse

FIELDS = ("label", "artist", "title")


@dataclass(frozen=True, slots=True)
class Pattern:
    """How names are built, e.g. ``{artist} - {title} [{label}]``.

    Attributes
    ----------
    text : str
        ``{label}``, ``{artist}`` and ``{title}`` stand for what they say, ``*`` for anything, all
        else for itself. With a ``/`` in it the pattern describes the last so many parts of the
        path, else the file's name; both without the suffix.

    Raises
    ------
    TrainingError
        If a field is unknown or stands twice, or there is none.
    """

    text: str
    fields: tuple[str, ...] = field(init=False)
    _expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"(\{[^{}]*\}|\*)", self.text)
        found = [part[1:-1] for part in parts if part.startswith("{")]
        unknown = [name for name in found if name not in FIELDS]
        refuse(
            bool(unknown),
            f"a pattern has {', '.join('{' + f + '}' for f in FIELDS)} and *, not "
            f"{', '.join('{' + name + '}' for name in unknown)}",
            TrainingError,
        )
        wrong = not found or len(set(found)) < len(found)
        refuse(wrong, "a pattern has at least one field, and none twice", TrainingError)
        object.__setattr__(self, "fields", tuple(found))
        object.__setattr__(self, "_expression", re.compile("".join(map(_expression, parts))))

    def read(self, path: Path) -> dict[str, str]:
        """What a path says, by field; empty where it does not match.

        Examples
        --------
        >>> Pattern("{artist} - {title} [{label}]").read(Path("a/Kino - Gruppa krovi [Rock].mp3"))
        {'artist': 'Kino', 'title': 'Gruppa krovi', 'label': 'Rock'}
        >>> Pattern("{label}/*").read(Path("music/Jazz/one.flac"))
        {'label': 'Jazz'}
        """
        parts = [*path.parts[:-1], path.stem][-1 - self.text.count("/") :]
        match = self._expression.fullmatch("/".join(parts))
        return {} if match is None else {k: v.strip() for k, v in match.groupdict().items()}


def _expression(part: str) -> str:
    if part == "*":
        return "[^/]*?"
    if part.startswith("{"):
        return f"(?P<{part[1:-1]}>[^/]+?)"
    return r"\s*".join(re.escape(word) for word in re.split(r"\s+", part))
