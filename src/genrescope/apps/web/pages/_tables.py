"""Tables on the pages, and as text for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from genrescope.apps.web.lean import DataframeData, gr
from genrescope.collection.spreadsheet import harmless_row


def to_csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Rows as CSV (RFC 4180). Text that a spreadsheet would take for a formula is quoted so.

    Examples
    --------
    >>> to_csv(["file", "genre"], [["=1+1.mp3", "Jazz"]])
    "file,genre\\r\\n'=1+1.mp3,Jazz\\r\\n"
    """
    return _written(heads, rows, "excel")


def to_tsv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""The same with tabs between cells, as a spreadsheet takes it from the clipboard.

    Examples
    --------
    >>> to_tsv(["file", "genre"], [["Bach, J.S. - Air.mp3", "Classical"]])
    'file\tgenre\r\nBach, J.S. - Air.mp3\tClassical\r\n'
    """
    return _written(heads, rows, "excel-tab")


def as_texts(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, str]:
    """A table as `Place.saves` takes it: to save, and to copy."""
    return {"csv": to_csv(heads, rows), "tsv": to_tsv(heads, rows)}


def _written(heads: Sequence[str], rows: Iterable[Sequence[object]], dialect: str) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, dialect)
    for row in (heads, *rows):
        writer.writerow(harmless_row(row))
    return out.getvalue()


class Table(gr.Dataframe):
    """Gradio's table, given lists of rows alone; so it does without pandas."""

    is_template = True

    def postprocess(self, value: Any) -> DataframeData:
        """The rows as the browser is sent them, under the heads that the table was made with."""
        return DataframeData(headers=list(self.headers), data=value or [], metadata=None)
