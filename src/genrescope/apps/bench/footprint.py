"""What an installation weighs: the files of a package and of all that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from genrescope.apps.bench.field import NEEDED
from genrescope.apps.bench.timing import Row
from genrescope.apps.licences import below

NVIDIAS = ("nvidia-", "cuda-", "triton")
"""Libraries that PyTorch's builds for NVIDIA bring; who has no such card needs none of them."""


def measure() -> list[Row]:
    """Bytes of the base install and of the one for pages, beside those of what the field needs.

    Returns
    -------
    list of Row
        In MB; what is not installed here is not weighed.
    """
    theirs = [one for name in NEEDED for one in below(name)] if _all(NEEDED) else []
    lean = [one for one in theirs if not one.name.lower().startswith(NVIDIAS)]
    base, web = list(below("genrescope")), list(below("genrescope", "web"))
    rows = [_row("base install", base, lean)]
    if {one.name for one in web} - {one.name for one in base}:
        rows.append(_row("with the extra 'web'", [*base, *web], lean))
    return rows


def _row(name: str, ours: Sequence[Distribution], theirs: Sequence[Distribution]) -> Row:
    size, other = _megabytes(ours), _megabytes(theirs)
    note = "libraries and their libraries, as they lie on this disk, without those of NVIDIA"
    if not theirs:
        return Row(name, size, note=note, unit="MB")
    share = other / size
    return Row(name, size, ", ".join(NEEDED), other, share, share, share, note, "MB")


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
