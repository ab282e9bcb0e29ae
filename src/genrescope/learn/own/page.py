"""The report as one page of HTML that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1c1c1c;background:#fff}
h1{font-size:1.6rem;margin-bottom:.2rem} h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;margin:.5rem 0} td,th{padding:.2rem .7rem;text-align:right}
th{font-weight:600;color:#555} td:first-child,th:first-child{text-align:left}
.bar{display:inline-block;height:.7rem;background:#3b6ea8;vertical-align:middle}
.track{display:inline-block;width:12rem;background:#e8e8e8;text-align:left}
.note{color:#666} .wide{overflow-x:auto} .words td{text-align:left}
@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}th,.note{color:#aaa}
.track{background:#333}.bar{background:#7aa7d8}}
"""

METRICS = {
    "top1": ("First choice right", "share of songs whose first choice is their genre"),
    "top3": ("Among the first three", "share of songs whose genre is among the first three"),
    "macro_f1": ("Macro F1", "mean over the genres, each counting the same"),
    "ece": ("Calibration error", "how far probabilities lie from how often they are right"),
}


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
        _scores(account),
        _warnings(account["warnings"]),
        "<h2>Genre by genre</h2>",
        _per_genre(account),
        "<h2>What it takes for what</h2>",
        "<p class=note>Rows: what the songs are. Columns: first choices.</p>",
        _confusion(account),
        "<h2>What it learned from</h2>",
        _genres(account),
        _left(account),
    ]
    view = '<meta charset=utf-8><meta name=viewport content="width=device-width">'
    head = f"<head>{view}<title>{name}: report</title><style>{STYLE}</style></head>"
    return f"<!doctype html><html lang=en>{head}<body>{''.join(parts)}</body></html>\n"


def _subtitle(account: dict[str, Any]) -> str:
    begun = account["begun_from"]
    origin = f"begun from {escape(begun)}, {account['learned']}" if begun else "begun from nothing"
    return f"{escape(account['network'])}, {origin}; {account['steps']} steps"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "") -> str:
    """Cells are HTML already."""
    titles = "".join(f"<th>{title}</th>" for title in head)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table class='{kind}'><tr>{titles}</tr>{body}</table></div>"


def _cell(content: str) -> str:
    return content if content.startswith("<td") else f"<td>{content}</td>"


def _scores(account: dict[str, Any]) -> str:
    rows = []
    for score in account["scores"]:
        if score["metric"] in METRICS:
            title, meaning = METRICS[score["metric"]]
            value = f"<b>{_percent(score['value'])}</b>"
            rows.append((title, value, _interval(score), f"<span class=note>{meaning}</span>"))
    return _table(("", "", "", ""), rows, "words")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(row: dict[str, Any]) -> str:
    return f"({100 * row['low']:.0f}–{100 * row['high']:.0f} %)"


def _per_genre(account: dict[str, Any]) -> str:
    tested = {row["genre"]: row for row in account["per_genre"]}
    rows = []
    for label in account["labels"]:
        row = tested.get(label)
        if row is None:
            rows.append((escape(label), "0", "<span class=note>not tested</span>", "", ""))
            continue
        width = 12 * row["recall"]
        bar = f"<span class=track><span class=bar style='width:{width:.2f}rem'></span></span>"
        found = _percent(row["recall"])
        rows.append((escape(label), str(row["songs"]), bar, found, _interval(row)))
    return _table(("genre", "test songs", "", "found", ""), rows)


def _confusion(account: dict[str, Any]) -> str:
    labels = [escape(label) for label in account["labels"]]
    rows = []
    for place, (label, counts) in enumerate(zip(labels, account["confusion"], strict=True)):
        total = max(1, sum(counts))
        cells = [_shaded(n, n / total, i == place) for i, n in enumerate(counts)]
        rows.append((label, *cells))
    return _table(("", *labels), rows)


def _shaded(count: int, share: float, right: bool) -> str:
    colour = "59,110,168" if right else "190,80,60"
    return f"<td style='background:rgba({colour},{share * 0.8:.2f})'>{count or '·'}</td>"


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
    return _table(("genre", "learned", "calibrated on", "tested", "artists"), rows)


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
    return f"<h2>What was left out</h2>{_table(('', 'why'), rows, 'words')}" if rows else ""
