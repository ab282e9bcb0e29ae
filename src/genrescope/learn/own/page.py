"""The report as one page of HTML that needs nothing beside it."""

from __future__ import annotations

from html import escape
from typing import Any

from genrescope.learn import sheet


def render(account: dict[str, Any]) -> str:
    """The page of an account.

    Parameters
    ----------
    account : dict
        What `genrescope.learn.own.account.account` gives.

    Returns
    -------
    str
        HTML.
    """
    name = escape(account["model"])
    parts = [
        f"<h1>{name}</h1>",
        f"<p class=note>{_subtitle(account)}</p>",
        "<h2>How good it is</h2>",
        f"<p>Measured on {account['songs']} songs that it did not learn from. "
        f"Split {escape(account['split_how'])}. In brackets: 95 % intervals.</p>",
        sheet.scores(account),
        _warnings(account["warnings"]),
        "<h2>Genre by genre</h2>",
        sheet.per_genre(account),
        "<h2>What it takes for what</h2>",
        "<p class=note>Rows: what the songs are. Columns: first choices.</p>",
        sheet.confusion(account),
        "<h2>What it learned from</h2>",
        _genres(account),
        _left(account),
    ]
    return sheet.document(f"{account['model']}: report", parts)


def _subtitle(account: dict[str, Any]) -> str:
    begun = account["begun_from"]
    origin = f"begun from {escape(begun)}, {account['learned']}" if begun else "begun from nothing"
    return f"{escape(account['network'])}, {origin}; {account['steps']} steps"


def _genres(account: dict[str, Any]) -> str:
    rows = []
    for row in account["genres"]:
        others = [s for s in row["spellings"] if s != row["label"]]
        also = f" <span class=note>also {escape(', '.join(others))}</span>" if others else ""
        counts = [str(row[split]) for split in ("train", "valid", "test")]
        artists = f"{row['artists']}" + (
            f" + {row['artists_unknown']} songs of unknown" if row["artists_unknown"] else ""
        )
        rows.append((escape(row["label"]) + also, *counts, artists))
    return sheet.table(("genre", "learned", "calibrated on", "tested", "artists"), rows)


def _warnings(warnings: list[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    return f"<p>Mind that it:</p><ul>{items}</ul>" if items else ""


def _left(account: dict[str, Any]) -> str:
    rows = [
        (escape(f"{row['label']} ({row['songs']} songs)"), escape(row["reason"]))
        for row in account["left_out"]
    ]
    rows += [(escape(row["file"]), escape(row["reason"])) for row in account["passed_over"]]
    rows += [
        (escape(first), f"sounds like {escape(second)}; both stay on one side of the split")
        for first, second in account["sounding_alike"]
    ]
    return f"<h2>What was left out</h2>{sheet.table(('', 'why'), rows, 'words')}" if rows else ""
