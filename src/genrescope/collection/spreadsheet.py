"""Words of strangers in tables that people open with a spreadsheet.

A spreadsheet takes a cell that begins with ``=`` for a formula, which can call other programs and
other computers. Names of files and tags are written by anybody, so such words get an apostrophe
before them, and lose it again where we read the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def harmless(word: str) -> str:
    """A word that no spreadsheet works out; most stay as they are.

    Source: OWASP, CSV Injection.

    Examples
    --------
    >>> harmless("=1+1"), harmless("Rock"), harmless("'-core")
    ("'=1+1", 'Rock', "''-core")
    """
    return f"'{word}" if _FORMULA.match(word) else word


def harmless_row(cells: Iterable[Any]) -> list[Any]:
    """A row's cells, its words made `harmless`; numbers stay what they are.

    Examples
    --------
    >>> harmless_row(["=1+1", -1, None])
    ["'=1+1", -1, None]
    """
    return [harmless(cell) if isinstance(cell, str) else cell for cell in cells]


def as_meant(word: str) -> str:
    """What `harmless` was given.

    Examples
    --------
    >>> as_meant("'=1+1"), as_meant("-core"), as_meant("'n'b")
    ('=1+1', '-core', "'n'b")
    """
    return word[1:] if _MARKED.match(word) else word
