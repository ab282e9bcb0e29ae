"""Under which licences the libraries stand that an installation brings: `find_licences`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "genrescope"
EXTRAS = ("collection", "onnxruntime", "train", "web")
COPYLEFT = re.compile(r"\b(?:A|L)?GPL|GNU .*General Public|\bEUPL|\bSSPL|\bCC-BY-SA", re.IGNORECASE)
LESSER = re.compile(r"\bLGPL|Lesser", re.IGNORECASE)
LONGEST = 60
"""Some put the licence's whole text where its name belongs."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """One library of an installation.

    Attributes
    ----------
    name, version : str
    licence : str
        As the library states it; "unknown" where it does not.
    extra : str
        What brings it: "" for the base install.
    """

    name: str
    version: str
    licence: str
    extra: str

    @property
    def copyleft(self) -> str:
        """``strong``, ``lesser`` (may be linked dynamically by anything), or ""."""
        if not COPYLEFT.search(self.licence):
            return ""
        return "lesser" if LESSER.search(self.licence) else "strong"


def find_licences(extras: tuple[str, ...] = EXTRAS) -> tuple[Licensed, ...]:
    """All libraries that are installed for Genrescope, the base install's first.

    Parameters
    ----------
    extras : tuple of str
        Whose libraries are listed besides; those that are not installed are passed over.
    """
    found: dict[str, Licensed] = {}
    for extra in ("", *extras):
        for one in below(PACKAGE, extra):
            name = canonicalize_name(one.name)
            found.setdefault(name, Licensed(one.name, one.version, _licence(one), extra))
    found.pop(PACKAGE, None)
    return tuple(sorted(found.values(), key=lambda one: (one.extra, one.name.lower())))


def below(name: str, extra: str = "") -> Iterator[Distribution]:
    """A library and all that it needs here, with an extra of its own.

    Parameters
    ----------
    name : str
        As the package index has it; nothing comes where it is not installed.
    extra : str

    Yields
    ------
    Distribution
    """
    waiting, seen = [(name, extra)], {(name, extra)}
    while waiting:
        current, wanted = waiting.pop()
        try:
            there = distribution(current)
        except PackageNotFoundError:
            continue
        yield there
        for text in there.requires or ():
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({"extra": wanted}):
                continue
            for own in ("", *needed.extras):
                step = (canonicalize_name(needed.name), own)
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)


def _licence(one: Distribution) -> str:
    stated = one.metadata
    classifiers = [
        text.rpartition("::")[2].strip()
        for text in stated.get_all("Classifier") or []
        if text.startswith("License ::")
    ]
    lines = " ".join((stated.get_all("License") or [])[:1]).strip().splitlines()
    first = lines[0].strip("= ") if lines else ""
    named = first if first and len(lines) == 1 and len(first) <= LONGEST else ""
    expression = " ".join((stated.get_all("License-Expression") or [])[:1])
    return expression or " AND ".join(classifiers) or named or first[:LONGEST] or "unknown"
