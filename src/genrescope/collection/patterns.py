"""Patterns of paths, such as ``/music/**/*.mp3``, for what no shell has spread out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePath

_ANY_DEPTH = "**"
_SIGNS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A folder, and what the names below it look like.

    Attributes
    ----------
    base : str
        The folder, from the root on.
    names : tuple of str
        A name each, as `fnmatch` reads it; ``**`` stands for folders of any number.
    """

    base: str
    names: tuple[str, ...]

    def start(self) -> frozenset[int]:
        """Where one stands in the base: numbers of names that may come next."""
        return self._with_skipped([0])

    def step(self, places: frozenset[int], name: str) -> frozenset[int]:
        """Where one stands below, in `name`; empty if nothing below it can match."""
        reached = []
        for place in places - {len(self.names)}:
            if self.names[place] == _ANY_DEPTH:
                reached.append(place)
            elif fnmatch(name, self.names[place]):
                reached.append(place + 1)
        return self._with_skipped(reached)

    def ends_in(self, places: frozenset[int]) -> bool:
        """Whether what one stands at is what the pattern means."""
        return len(self.names) in places

    def covers(self, path: str) -> bool:
        """Whether a path from the root on matches, or lies below a folder that does.

        >>> Pattern("/a", ("**", "live", "*.mp3")).covers("/a/b/c/live/x.mp3")
        True
        """
        if not PurePath(path).is_relative_to(self.base):
            return False
        places = self.start()
        for name in PurePath(path).relative_to(self.base).parts:
            places = self.step(places, name)
            if self.ends_in(places):
                return True
        return False

    def _with_skipped(self, places: Iterable[int]) -> frozenset[int]:
        """With the places behind each ``**``, which may stand for no folder at all."""
        found: set[int] = set()
        for place in places:
            end = place
            while end < len(self.names) and self.names[end] == _ANY_DEPTH:
                found.add(end)
                end += 1
            found.add(end)
        return frozenset(found)


def read_pattern(path: str) -> Pattern | None:
    """A path from the root on as a pattern; None where it is a path and nothing else.

    What is there under that very name is no pattern, whatever signs the name holds, and neither
    is a folder on the way: below ``[live]`` only what follows is one.

    Examples
    --------
    >>> read_pattern("/music/*/a?.mp3")
    Pattern(base='/music', names=('*', 'a?.mp3'))
    >>> read_pattern("/music/a.mp3")
    """
    top, *names = PurePath(path).parts or ("",)
    base = Path(top)
    for number, name in enumerate(names):
        below = base / name
        if _SIGNS & set(name) and not os.path.lexists(below):
            return Pattern(str(base), tuple(names[number:]))
        base = below
    return None
