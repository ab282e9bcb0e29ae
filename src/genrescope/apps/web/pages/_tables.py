"""Tables as text for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Rows as CSV (RFC 4180). Text that a spreadsheet would take for a formula is quoted so.

    Examples
    --------
    >>> to_csv(["file", "genre"], [["=1+1.mp3", "Jazz"]])
    "file,genre\\r\\n'=1+1.mp3,Jazz\\r\\n"
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
