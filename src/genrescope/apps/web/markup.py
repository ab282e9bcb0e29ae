"""Results as HTML: bars, tables, steps. Every value that came from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from genrescope.apps.web.texts import Texts
from genrescope.classification import taxonomies
from genrescope.classification.taxonomies import Genre
from genrescope.classification.trust import hardly_music
from genrescope.types import Notice, TaxonomyError

NEUTRAL = "#6b7280"


def genre_of(label: str, taxonomy: str) -> Genre | None:
    """What the taxonomy says of a label; None where it is not one of its own."""
    try:
        return taxonomies.load(taxonomy).genre(label)
    except TaxonomyError:
        return None


def genre_name(label: str, taxonomy: str, texts: Texts) -> str:
    """A label as people of that language call it; not escaped."""
    genre = genre_of(label, taxonomy)
    return genre.chinese if genre is not None and texts.chinese else label


def genre_hint(label: str, taxonomy: str, texts: Texts) -> str:
    """A sentence on a genre and its typical sub-genres, for a tooltip; not escaped."""
    genre = genre_of(label, taxonomy)
    if genre is None:
        return label
    if texts.chinese:
        kinds = "、".join(genre.chinese_subgenres)
        return f"{genre.chinese}（{genre.label}）：{genre.chinese_about}{kinds}"
    return f"{genre.label} ({genre.family.name}). {genre.about} {', '.join(genre.subgenres)}"


def family_of(label: str, taxonomy: str, texts: Texts) -> tuple[str, str]:
    """Name and colour of the family a label belongs to."""
    genre = genre_of(label, taxonomy)
    if genre is None:
        return "", NEUTRAL
    family = genre.family
    return (family.chinese if texts.chinese else family.name), family.colour


def title_of(text: str, colour: str, hint: str = "") -> str:
    """The headline of a result; no figure in it breaks in two, however narrow the page is."""
    whole = re.sub(
        r"[(（]?\d+(?:\.\d+)? %[)）]?", r'<span class="gs-whole">\g<0></span>', escape(text)
    )
    told = f' title="{escape(hint)}"' if hint else ""
    return f'<h2 class="gs-headline"{told} style="border-color:{colour}">{whole}</h2>'


def bars(ranked: Sequence[tuple[str, float]], taxonomy: str, texts: Texts) -> str:
    """Probabilities as bars in their families' colours, each with name and figure."""
    rows = []
    for label, probability in ranked:
        family, colour = family_of(label, taxonomy, texts)
        name = genre_name(label, taxonomy, texts)
        rows.append(
            f'<li title="{escape(genre_hint(label, taxonomy, texts))}" tabindex="0">'
            f'<span class="gs-name">{escape(name)}</span>'
            f'<span class="gs-track"><span class="gs-bar" style="width:{100 * probability:.2f}%;'
            f'background:{colour}"></span></span>'
            f'<span class="gs-figure">{100 * probability:.1f} %</span>'
            f'<span class="gs-family"><i style="background:{colour}"></i>{escape(family)}</span>'
            "</li>"
        )
    return f'<ol class="gs-bars">{"".join(rows)}</ol>'


def remarks(notices: Iterable[Notice], texts: Texts) -> str:
    """Quality warnings in plain words."""
    rows = "".join(f"<li>{escape(texts.notice(notice))}</li>" for notice in notices)
    return f'<ul class="gs-remarks" role="status">{rows}</ul>' if rows else ""


def music_doubt(music: float | None, texts: Texts, key: str) -> str:
    """A warning where this may be no music at all, in the sentence of that key; else ""."""
    if not hardly_music(music):
        return ""
    return f'<p class="gs-remarks" role="status">{escape(texts(key, percent=100 * music))}</p>'


def complaint(sentence: str) -> str:
    """Something went wrong, and what to do."""
    return f'<p class="gs-error" role="alert">{escape(sentence)}</p>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A plain table; the first column of a row is its heading. Cells are escaped."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="gs-scroll"><table class="gs-table">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def ticks(steps: Sequence[tuple[str, str]]) -> str:
    """Steps with their state: ``done``, ``now`` or ``later``."""
    marks = {"done": "✓", "now": "…", "later": "·"}
    rows = "".join(
        f'<li class="gs-{state}"><span aria-hidden="true">{marks[state]}</span> {escape(text)}</li>'
        for text, state in steps
    )
    return f'<ol class="gs-ticks" aria-live="polite">{rows}</ol>'


def paragraphs(*sentences: str) -> str:
    """Sentences as paragraphs; empty ones are left out."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)
