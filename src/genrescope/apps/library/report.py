"""A collection's report: one HTML file with pictures, which loads nothing and opens offline."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from genrescope import __version__
from genrescope.apps.library.figures import TAXONOMY, genre_bars, histogram
from genrescope.apps.library.listing import file_name
from genrescope.apps.library.song_map import chart_of, draw_map, family_key, map_words
from genrescope.apps.library.thumbnails import draw_thumbnail
from genrescope.apps.web.asset import asset
from genrescope.apps.web.markup import genre_name, paragraphs, table
from genrescope.apps.web.texts import Texts
from genrescope.collection.export import writing_whole
from genrescope.collection.table import Table
from genrescope.types import Failure, GenrescopeError

SONGS = 12
FAILURES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a report is about.

    Attributes
    ----------
    table : Table
        What was found.
    question : str
        What was asked, or "" for everything.
    failures : tuple of Failure
        Of the whole store.
    """

    table: Table
    question: str
    failures: tuple[Failure, ...]


def write_report(content: Content, path: Path, texts: Texts) -> None:
    """Write a report, whole or not at all.

    Raises
    ------
    CollectionError
        If it cannot be written.
    """
    page = make_report(content, texts)
    with writing_whole(path) as partial:
        partial.write_text(page, encoding="utf-8", errors="replace")


def make_report(content: Content, texts: Texts) -> str:
    """The report as HTML. The most doubtful songs are decoded once more, for their pictures.

    Parameters
    ----------
    content : Content
    texts : Texts
    """
    title = escape(texts("library.report"))
    parts = [f"<h1>{title}</h1>", _summary(content, texts)]
    if len(content.table):
        parts += [_genres(content.table, texts), _doubt(content.table, texts)]
        parts += [_map(content.table, texts), _songs(content.table, texts)]
    parts.append(_failures(content.failures, texts))
    return f"""<!doctype html>
<html lang="{texts.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Genrescope</title>
<style>body{{font-family:system-ui,sans-serif;max-width:1080px;margin:1rem auto;padding:0 1rem;
color:#1c1c1c;background:#ffffff;line-height:1.5}}
{asset("style.css")}</style></head><body>
{"".join(parts)}
<p class="gs-note">Genrescope {escape(__version__)}</p></body></html>
"""


def _summary(content: Content, texts: Texts) -> str:
    found = content.table
    hours = float(found.figures["seconds"].sum()) / 3600
    models = ", ".join(found.models)
    said = [
        texts("library.summary", files=len(found), hours=hours, models=models),
        texts("library.asked", question=content.question) if content.question else "",
        texts("library.trust"),
    ]
    return paragraphs(*said)


def _genres(found: Table, texts: Texts) -> str:
    return f"<h2>{escape(texts('library.genres'))}</h2>{genre_bars(found, texts)}"


def _doubt(found: Table, texts: Texts) -> str:
    entropy = found.figures["entropy"]
    most = float(np.log2(max(2, len(found.labels))))
    below = int((found.figures["probability"] < 0.5).sum())
    said = texts("library.doubt_text", median=float(np.median(entropy)), below=below)
    drawn = histogram(entropy, (0.0, most), texts("library.entropy_axis"))
    several = ""
    if len(found.models) > 1:
        agreement = found.figures["agreement"]
        count = int((agreement == 1).sum())
        shared = texts("library.agree_text", count=count, percent=100 * count / len(found))
        axis = texts("library.agreement_axis")
        several = f"{paragraphs(shared)}{histogram(agreement, (0.0, 1.0), axis, 20)}"
    head = escape(texts("library.doubt"))
    return f"<h2>{head}</h2>{paragraphs(said)}{drawn}{several}"


def _map(found: Table, texts: Texts) -> str:
    chart = chart_of(found)
    key = family_key(tuple(dict.fromkeys(found.genres)), texts)
    head = escape(texts("library.map"))
    return f"<h2>{head}</h2>{draw_map(chart, texts)}{key}{map_words(chart, texts)}"


def _songs(found: Table, texts: Texts) -> str:
    first = found.ordered("entropy").pick(np.arange(min(SONGS, len(found))))
    cards = [_card(first, row, texts) for row in range(len(first))]
    head = escape(texts("library.doubtful"))
    note = f'<p class="gs-note">{escape(texts("library.picture"))}</p>'
    return f'<h2>{head}</h2>{note}<div class="gs-columns">{"".join(cards)}</div>'


def _card(found: Table, row: int, texts: Texts) -> str:
    best = np.argsort(-found.mean[row], kind="stable")[:3]
    said = ", ".join(
        f"{genre_name(found.labels[i], TAXONOMY, texts)} {100 * found.mean[row, i]:.0f} %"
        for i in best
    )
    bits = texts("library.bits", bits=float(found.figures["entropy"][row]))
    name = found.names[row]
    try:
        png = draw_thumbnail(found.paths[row], float(found.figures["seconds"][row]))
    except GenrescopeError as error:
        picture = f'<p class="gs-note">{escape(str(error).removeprefix(f"{name}: "))}</p>'
    else:
        data = base64.b64encode(png).decode()
        alt = escape(texts("library.picture_of", name=name))
        picture = f'<img src="data:image/png;base64,{data}" alt="{alt}" width="320" height="96">'
    return (
        f'<section class="gs-card gs-song">{picture}<h3>{file_name(found.paths[row])}</h3>'
        f"{paragraphs(f'{said} · {bits}')}</section>"
    )


def _failures(failures: Sequence[Failure], texts: Texts) -> str:
    head = f"<h2>{escape(texts('library.failures'))}</h2>"
    if not failures:
        return head + paragraphs(texts("library.no_failures"))
    stages = Counter(one.stage for one in failures).most_common()
    counted = ", ".join(f"{stage}: {count:,}" for stage, count in stages)
    said = [texts("library.failed", count=len(failures), stages=counted)]
    if len(failures) > FAILURES:
        said.append(texts("library.failed_part", count=FAILURES))
    rows = [
        (one.source, one.stage, one.reason.removeprefix(f"{one.source}: "))
        for one in failures[:FAILURES]
    ]
    heads = [texts(f"library.{key}") for key in ("file", "stage", "reason")]
    return f'{head}{paragraphs(*said)}<div class="gs-failed">{table(heads, rows)}</div>'
