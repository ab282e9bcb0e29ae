"""The collection: a table of everything scanned, a map of it, and genres into tags."""

from __future__ import annotations

import time
from html import escape
from typing import Any
from urllib.parse import urlencode

from genrescope.apps.library import listing
from genrescope.apps.library.song_map import Chart, draw_map, family_key, map_words
from genrescope.apps.serving.library import Asked, Found
from genrescope.apps.web.lean import gr
from genrescope.apps.web.library_routes import FORMS
from genrescope.apps.web.markup import complaint, paragraphs
from genrescope.apps.web.pages import _tagging
from genrescope.apps.web.pages._place import Place
from genrescope.types import CollectionError, GenrescopeError, QueryError

TITLE = "tab.library"
ROWS = 25
"""Songs on one page of the table: no more of them leave the server."""
ORDERS = ("path", "genre", "probability", "entropy", "agreement", "seconds")
EXAMPLE = "jazz > 60% and (agreement < 1 or path ~ live)"


def build(place: Place, tab: gr.Tab) -> None:
    """Lay the page out; it asks the collection when its tab is opened."""
    texts = place.texts
    with gr.Row(equal_height=True):
        question = gr.Textbox(
            label=texts("library.question"),
            placeholder=texts("library.placeholder"),
            elem_id="gs-library-question",
            scale=4,
        )
        find = gr.Button(texts("library.find"), variant="primary", scale=1)
    with gr.Row():
        names = [(_field_name(place, field), field) for field in ORDERS]
        sort = gr.Dropdown(names, value="path", label=texts("library.sort"))
        ascending = gr.Checkbox(label=texts("library.ascending"))
    gr.HTML(f"<p class='gs-note'>{escape(texts('library.help', example=EXAMPLE))}</p>")
    said = gr.HTML(paragraphs(texts("library.empty")), elem_id="gs-library-said", padding=True)
    songs = gr.HTML(elem_id="gs-library-songs")
    with gr.Row():
        before = gr.Button(
            texts("library.before", count=ROWS), interactive=False, elem_id="gs-library-before"
        )
        after = gr.Button(
            texts("library.after", count=ROWS), interactive=False, elem_id="gs-library-after"
        )
    saves = gr.HTML(elem_id="gs-library-saves")
    chart = gr.HTML(elem_id="gs-library-map")
    first = gr.State(0)
    shown = [said, songs, before, after, first]

    def ask(question: str, sort: str, ascending: bool) -> list[Any]:
        return _asked(place, Asked(question or "", sort or "", bool(ascending)), 0, whole=True)

    def turn(question: str, sort: str, ascending: bool, at: int) -> list[Any]:
        asked = Asked(question or "", sort or "", bool(ascending))
        return _asked(place, asked, at, whole=False)

    fields = [question, sort, ascending]
    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for event in (tab.select, question.submit, find.click, sort.input, ascending.input):
        event(ask, fields, [*shown, saves, chart], trigger_mode="always_last", **hidden)
    before.click(lambda q, s, a, at: turn(q, s, a, at - ROWS), [*fields, first], shown, **hidden)
    after.click(lambda q, s, a, at: turn(q, s, a, at + ROWS), [*fields, first], shown, **hidden)
    _tagging.build(place, question, tab)


def _field_name(place: Place, field: str) -> str:
    return place.texts(f"library.{'by_path' if field == 'path' else field}")


def _asked(place: Place, asked: Asked, first: int, whole: bool) -> list[Any]:
    """Values of the page's components: what was found from a row on, and all of it if `whole`."""
    still = gr.update(interactive=False)
    try:
        found = place.library.find(asked)
    except GenrescopeError as error:
        rest = ["", ""] if whole else []
        return [_why_not(place, error), "", still, still, 0, *rest]
    first = max(0, min(first, (len(found.rows) - 1) // ROWS * ROWS))
    page = found.page(first, ROWS)
    values: list[Any] = [
        _told(place, found, first, len(page)),
        listing.songs(page, asked.sort, asked.ascending, place.texts) if len(page) else "",
        gr.update(interactive=first > 0),
        gr.update(interactive=first + ROWS < len(found.rows)),
        first,
    ]
    return [*values, _links(place, asked), _map(place, found)] if whole else values


def _why_not(place: Place, error: GenrescopeError) -> str:
    if place.library.shut:
        return paragraphs(place.texts("library.closed"))
    if isinstance(error, CollectionError) and not isinstance(error, QueryError):
        return complaint(place.texts.error(error)) + paragraphs(place.texts("library.none"))
    return complaint(place.texts.error(error))


def _told(place: Place, found: Found, first: int, count: int) -> str:
    texts, all_of_them = place.texts, len(found.reading.table)
    age = texts("library.read_at", seconds=max(0.0, time.monotonic() - found.reading.at))
    if not count:
        return paragraphs(texts("library.found_none", all=all_of_them))
    values = {"found": len(found.rows), "all": all_of_them, "first": first + 1}
    said = texts("library.found", **values, last=first + count)
    return f'<p role="status">{escape(said)} <span class="gs-note">{escape(age)}</span></p>'


def _links(place: Place, asked: Asked) -> str:
    """Links that save all that was found."""
    texts = place.texts
    fields = {"question": asked.question, "sort": asked.sort, "ascending": int(asked.ascending)}
    wanted = escape(urlencode({**fields, "language": texts.language.partition("-")[0]}))
    names = {"html": "report"}
    links = "".join(
        f'<a href="/web/library/songs.{form}?{wanted}" download>'
        f"{escape(texts(f'library.save_{names.get(form, form)}'))}</a>"
        for form in FORMS
    )
    return f'<p class="gs-save-links">{escape(texts("library.save"))} {links}</p>'


def _map(place: Place, found: Found) -> str:
    texts, reading = place.texts, found.reading
    if not len(reading.table):
        return ""
    chart = Chart(reading.table, reading.layout, found.rows)
    labels = tuple(dict.fromkeys(reading.table.pick(found.rows).genres))
    some = len(found.rows) < len(reading.table)
    note = f'<p class="gs-note">{escape(texts("library.map_found"))}</p>' if some else ""
    head = escape(texts("library.map"))
    return (
        f"<h3>{head}</h3>{draw_map(chart, texts)}{family_key(labels, texts)}"
        f"{note}{map_words(chart, texts)}"
    )
