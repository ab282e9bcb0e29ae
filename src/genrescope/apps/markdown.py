"""What pages of Markdown are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from genrescope.types import Score

ESCAPED = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|"} | {"\n": " ", "\r": " "})


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table and an empty one; cells are Markdown already."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def cell(score: Score) -> str:
    """A share in per cent, with its interval."""
    return f"{100 * score.value:.1f} ({100 * score.low:.1f}–{100 * score.high:.1f})"


def plain(text: str) -> str:
    r"""A name of others, such as a file's, so that nothing in it is Markdown.

    Examples
    --------
    >>> plain("a|b_c")
    'a\\|b\\_c'
    """
    return text.translate(ESCAPED)


def code(text: str) -> str:
    """Text as code, whatever marks are in it.

    Examples
    --------
    >>> code("genrescope evaluate")
    '`genrescope evaluate`'
    """
    fence = "`"
    while fence in text:
        fence += "`"
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"
