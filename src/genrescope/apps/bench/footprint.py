"""What an installation weighs: the files of a package and of all that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from genrescope.apps.bench.timing import Row
from genrescope.apps.licences import below

FIELD = ("librosa", "torch", "torchvision")


def measure() -> list[Row]:
    """Bytes of the base install and of the one for pages, beside those of what the field needs.

    Returns
    -------
    list of Row
        In MB; what is not installed here is not weighed.
    """
    theirs = _megabytes([one for name in FIELD for one in below(name)]) if _all(FIELD) else 0.0
    rows = []
    for name, extras in (("base install", ("",)), ("with the extra 'web'", ("", "web"))):
        ours = _megabytes([one for extra in extras for one in below("genrescope", extra)])
        label = ", ".join(FIELD) if theirs else ""
        share = theirs / ours
        note = "libraries and their libraries, as they lie on this disk"
        rows.append(Row(name, ours, label, theirs, share, share, share, note, "MB"))
    return rows


def _all(names: Sequence[str]) -> bool:
    try:
        return all(distribution(name) for name in names)
    except PackageNotFoundError:
        return False


def _megabytes(found: Sequence[Distribution]) -> float:
    """Of the files that each lists, every one counted once."""
    paths = {str(one.locate_file(path)) for one in found for path in one.files or ()}
    return sum(_size(path) for path in paths) / 1e6


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
