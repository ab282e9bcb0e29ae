"""Tables on the pages, and as text for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from genrescope.apps.web.lean import DataframeData, gr
from genrescope.collection.spreadsheet import harmless


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
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


class Table(gr.Dataframe):
    """Gradio's table, given lists of rows alone; so it does without pandas."""

    is_template = True

    def postprocess(self, value: Any) -> DataframeData:
        """The rows as the browser is sent them, under the heads that the table was made with."""
        return DataframeData(headers=list(self.headers), data=value or [], metadata=None)
