"""The map of songs as SVG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from genrescope.apps.library.figures import TAXONOMY, svg, text
from genrescope.apps.web.markup import family_of, genre_name
from genrescope.apps.web.texts import Texts
from genrescope.audio.source import shown
from genrescope.collection.layout import Layout, lay_out, pulls, spread
from genrescope.collection.table import Table

WIDE, TALL, EDGE = 720, 500, 34
GREY = "#c3c7ce"
MOST = 1500
"""Songs that are drawn at most, in colour and in grey each."""


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A collection laid out, and the songs of it that stand out.

    Attributes
    ----------
    table : Table
    layout : Layout
        Of every row of `table`.
    found : ndarray of int64
        Rows drawn in their family's colour; all others are grey.
    """

    table: Table
    layout: Layout
    found: NDArray[np.int64]


def chart_of(table: Table) -> Chart:
    """A map on which every song of a table stands out."""
    return Chart(table, lay_out(table.mean), np.arange(len(table), dtype=np.int64))


def draw_map(chart: Chart, texts: Texts) -> str:
    """A dot a song, in the colour of its family; its name shows on hovering.

    Where there are more than `MOST` songs, so many of them are drawn, evenly from the table.
    """
    if not len(chart.table):
        return ""
    places = _placed(chart.layout.places)
    grey = np.setdiff1d(np.arange(len(chart.table)), chart.found)
    parts = [
        f'<rect x="{EDGE}" y="{EDGE}" width="{WIDE - 2 * EDGE}" height="{TALL - 2 * EDGE}" '
        f'fill="none" stroke="{GREY}"/>',
        *_axis_names(chart, texts),
        *(_dot(places[row], GREY, 2.0) for row in grey[spread(len(grey), MOST)]),
    ]
    for row in chart.found[spread(len(chart.found), MOST)]:
        label = chart.table.labels[int(chart.table.mean[row].argmax())]
        name = os.path.basename(os.fsdecode(chart.table.paths[row]))  # noqa: PTH119 - not a Path
        share = 100 * float(chart.table.figures["probability"][row])
        title = f"{shown(name)}: {genre_name(label, TAXONOMY, texts)} ({share:.0f} %)"
        parts.append(_dot(places[row], family_of(label, TAXONOMY, texts)[1], 3.6, title))
    return svg(WIDE, TALL, "".join(parts), texts("library.map_label"))


def map_words(chart: Chart, texts: Texts) -> str:
    """How to read the map, as a note."""
    said = [texts("library.map_text", percent=100 * chart.layout.kept)]
    if len(chart.found) > MOST:
        said.append(texts("library.map_part", drawn=MOST, found=len(chart.found)))
    return f'<p class="gs-note">{escape(" ".join(said))}</p>'


def family_key(labels: Sequence[str], texts: Texts) -> str:
    """What the map's colours mean."""
    families = dict.fromkeys(family_of(label, TAXONOMY, texts) for label in labels)
    rows = "".join(
        f'<li><i style="background:{colour}"></i>{escape(name or texts("library.no_family"))}</li>'
        for name, colour in families
    )
    return f'<ul class="gs-key">{rows}</ul>'


def _placed(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in the drawing's own units, the second axis upwards."""
    low, high = places.min(axis=0), places.max(axis=0)
    share = np.where(high > low, (places - low) / np.where(high > low, high - low, 1.0), 0.5)
    edge = EDGE + 8
    inside = np.array([WIDE - 2 * edge, 2 * edge - TALL])
    placed: NDArray[np.float64] = np.array([edge, TALL - edge]) + share * inside
    return placed


def _axis_names(chart: Chart, texts: Texts) -> list[str]:
    def told(axis: int) -> tuple[str, ...]:
        sides = pulls(chart.layout.axes[axis], chart.table.labels)
        between = "、" if texts.chinese else ", "
        return tuple(
            between.join(genre_name(one, TAXONOMY, texts) for one in side) for side in sides
        )

    (left, right), (down, up) = told(0), told(1)
    names = []
    if left:
        names.append(text(EDGE, TALL - 12, f"← {left}", "start"))
    if right:
        names.append(text(WIDE - EDGE, TALL - 12, f"{right} →", "end"))
    if down:
        names.append(text(22, TALL - EDGE, f"← {down}", "start", -90))
    if up:
        names.append(text(22, EDGE, f"{up} →", "end", -90))
    return names


def _dot(place: NDArray[np.float64], colour: str, radius: float, title: str = "") -> str:
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius:g}" fill="{colour}" '
        f'fill-opacity=".75">{inner}</circle>'
    )
