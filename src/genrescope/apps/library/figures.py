"""A collection's figures as HTML and SVG: how many of each genre, how much doubt."""

from __future__ import annotations

from collections import Counter
from html import escape

import numpy as np
from numpy.typing import NDArray

from genrescope.apps.web.markup import family_of, genre_hint, genre_name
from genrescope.apps.web.texts import Texts
from genrescope.collection.table import Table

TAXONOMY = "genres16"
"""Whose families and names are used; labels that it does not know are shown as they are."""
WIDE, TALL, LEFT, BOTTOM, EDGE = 560, 250, 56, 44, 12
INK, BLUE = "#1f2937", "#1d4ed8"
BINS = 24


def genre_bars(table: Table, texts: Texts) -> str:
    """How many files have each genre as their first choice, the most first."""
    rows = []
    for label, count in Counter(table.genres).most_common():
        share = count / len(table)
        family, colour = family_of(label, TAXONOMY, texts)
        rows.append(
            f'<li title="{escape(genre_hint(label, TAXONOMY, texts))}">'
            f'<span class="gs-name">{escape(genre_name(label, TAXONOMY, texts))}</span>'
            f'<span class="gs-track"><span class="gs-bar" style="width:{100 * share:.2f}%;'
            f'background:{colour}"></span></span><span class="gs-figure">{count:,}</span>'
            f'<span class="gs-family"><i style="background:{colour}"></i>{escape(family)}'
            f"{' · ' if family else ''}{100 * share:.1f} %</span></li>"
        )
    return f'<ol class="gs-bars">{"".join(rows)}</ol>'


def histogram(
    values: NDArray[np.floating], span: tuple[float, float], title: str, bins: int = BINS
) -> str:
    """Counts of values as SVG; values outside the span count at its ends.

    Parameters
    ----------
    values : ndarray, shape (n,)
    span : (float, float)
    title : str
        What is counted; plain text.
    bins : int
    """
    low, high = span
    counts, _ = np.histogram(np.clip(values, low, high), bins=bins, range=span)
    most = max(1, int(counts.max(initial=0)))
    inside, tall = WIDE - LEFT - EDGE, TALL - BOTTOM - EDGE
    foot = EDGE + tall
    parts = [f'<path d="M{LEFT} {foot}H{WIDE - EDGE}" stroke="{INK}"/>']
    for i, count in enumerate(counts):
        height = tall * int(count) / most
        x, width = LEFT + inside * i / bins, inside / bins
        edges = [low + (high - low) * place / bins for place in (i, i + 1)]
        parts.append(
            f'<rect x="{x + 0.5:.1f}" y="{foot - height:.1f}" width="{width - 1:.1f}" '
            f'height="{height:.1f}" fill="{BLUE}"><title>{edges[0]:.2f}–{edges[1]:.2f}: {count:,}'
            "</title></rect>"
        )
    for place in range(5):
        x = LEFT + inside * place / 4
        parts.append(text(x, foot + 17, f"{low + (high - low) * place / 4:g}"))
    parts += [
        text(LEFT - 6, EDGE + 10, f"{most:,}", "end"),
        text(LEFT - 6, foot, "0", "end"),
        text(LEFT + inside / 2, TALL - 8, title),
    ]
    return svg(WIDE, TALL, "".join(parts), title)


def svg(wide: int, tall: int, body: str, label: str) -> str:
    """A drawing on white that is as wide as its place; `label` is plain text."""
    return (
        f'<svg class="gs-chart" viewBox="0 0 {wide} {tall}" role="img" '
        f'aria-label="{escape(label)}" style="background:#ffffff" font-family="system-ui" '
        f'font-size="13" fill="{INK}">{body}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str = "middle", turn: float = 0.0) -> str:
    """Words in a drawing, turned about where they stand; `words` are plain text."""
    turned = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turned}>{escape(words)}</text>'
