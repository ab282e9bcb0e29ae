"""Scripts and style sheets of the pages, as text."""

from __future__ import annotations

from importlib import resources


def asset(name: str) -> str:
    """The text of a script or style sheet."""
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
