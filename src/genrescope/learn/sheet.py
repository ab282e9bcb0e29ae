"""Parts of HTML pages that need nothing beside them: what every report on a model shows."""

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
.note{color:#666} .wide{overflow-x:auto} .words td,.words th{text-align:left}
svg{max-width:24rem;width:100%;height:auto} .tick{font-size:12px;fill:#888}
@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}th,.note{color:#aaa}
.track{background:#333}.bar{background:#7aa7d8}}
"""

METRICS = {
    "top1": ("First choice right", "share of songs whose first choice is their genre"),
    "top3": ("Among the first three", "share of songs whose genre is among the first three"),
    "macro_f1": ("Macro F1", "mean over the genres, each counting the same"),
    "ece": ("Calibration error", "how far probabilities lie from how often they are right"),
    "ece_before": ("Before temperature", "calibration error before probabilities were tempered"),
}


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """A whole page of HTML parts; `title` is plain text, `style` what its own parts need."""
    view = '<meta charset=utf-8><meta name=viewport content="width=device-width">'
    head = f"<head>{view}<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
    return f"<!doctype html><html lang=en>{head}<body>{''.join(parts)}</body></html>\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "") -> str:
    """A table; cells are HTML already."""
    titles = "".join(f"<th>{title}</th>" for title in head)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table class='{kind}'><tr>{titles}</tr>{body}</table></div>"


def _cell(content: str) -> str:
    return content if content.startswith("<td") else f"<td>{content}</td>"


def scores(plain: dict[str, Any]) -> str:
    """The scores of a report as `genrescope.learn.judging.to_plain` gives it."""
    rows = []
    for score in plain["scores"]:
        if score["metric"] in METRICS:
            title, meaning = METRICS[score["metric"]]
            value = f"<b>{percent(score['value'])}</b>"
            rows.append((title, value, _interval(score), f"<span class=note>{meaning}</span>"))
    return table(("", "", "", ""), rows, "words")


def percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.1f} %"


def _interval(row: dict[str, Any]) -> str:
    return f"({100 * row['low']:.0f}–{100 * row['high']:.0f} %)"


def per_genre(plain: dict[str, Any]) -> str:
    """How much of each genre was found, with bars."""
    tested = {row["genre"]: row for row in plain["per_genre"]}
    rows = []
    for label in plain["labels"]:
        row = tested.get(label)
        if row is None:
            rows.append((escape(label), "0", "<span class=note>not tested</span>", "", ""))
            continue
        width = 12 * row["recall"]
        bar = f"<span class=track><span class=bar style='width:{width:.2f}rem'></span></span>"
        found = percent(row["recall"])
        rows.append((escape(label), str(row["songs"]), bar, found, _interval(row)))
    return table(("genre", "test songs", "", "found", ""), rows)


def confusion(plain: dict[str, Any]) -> str:
    """What was taken for what."""
    labels = [escape(label) for label in plain["labels"]]
    rows = []
    for place, (label, counts) in enumerate(zip(labels, plain["confusion"], strict=True)):
        total = max(1, sum(counts))
        cells = [_shaded(n, n / total, i == place) for i, n in enumerate(counts)]
        rows.append((label, *cells))
    return table(("", *labels), rows)


def _shaded(count: int, share: float, right: bool) -> str:
    colour = "59,110,168" if right else "190,80,60"
    return f"<td style='background:rgba({colour},{share * 0.8:.2f})'>{count or '·'}</td>"


def reliability(plain: dict[str, Any]) -> str:
    """How often first choices were right against how probable they were said to be, as SVG.

    The dotted line is where both are the same; a dot's area grows with its songs.
    """
    side, edge = 300, 34
    most = max((band["songs"] for band in plain["bands"]), default=0)
    parts = [
        f"<rect x={edge} y=10 width={side} height={side} fill=none stroke='#999'/>",
        f"<line x1={edge} y1={side + 10} x2={side + edge} y2=10 stroke='#999' "
        "stroke-dasharray='4 4'/>",
        f"<text x={edge + side / 2} y={side + 40} text-anchor=middle class=tick>probability of the "
        "first choice</text>",
        f"<text x=12 y={side / 2 + 10} text-anchor=middle class=tick "
        f"transform='rotate(-90 12 {side / 2 + 10})'>share that was right</text>",
    ]
    for band in plain["bands"]:
        if not band["songs"]:
            continue
        share = band["right"] / band["songs"]
        x = edge + side * (band["low"] + band["high"]) / 2
        y = 10 + side * (1 - share)
        size = 3 + 11 * (band["songs"] / most) ** 0.5
        words = f"{band['right']} of {band['songs']} right"
        parts.append(
            f"<circle cx={x:.1f} cy={y:.1f} r={size:.1f} fill='#3b6ea8' fill-opacity=.75>"
            f"<title>{words}</title></circle>"
        )
    box = f"0 0 {side + edge + 10} {side + 50}"
    drawn = "".join(parts)
    return f"<svg viewBox='{box}' role=img aria-label='Reliability diagram'>{drawn}</svg>"


def hardest(plain: dict[str, Any]) -> str:
    """The songs whose genre was thought least probable."""
    rows = [
        (
            escape(song["name"]),
            escape(song["truth"]),
            escape(song["choice"]),
            percent(song["probability"]),
        )
        for song in plain["hardest"]
    ]
    return table(("song", "is", "was taken for", "its genre got"), rows, "words")
