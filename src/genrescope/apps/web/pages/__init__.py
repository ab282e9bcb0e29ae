"""The pages, one module each: `build_pages` puts them together in one language."""

from __future__ import annotations

from html import escape

from genrescope.apps.web import texts as languages
from genrescope.apps.web.lean import gr
from genrescope.apps.web.pages import analyse, batch, compare, models, timeline, why
from genrescope.apps.web.pages import library as library_page
from genrescope.apps.web.pages._place import Place
from genrescope.apps.web.texts import Texts


def build_pages(place: Place) -> gr.Blocks:
    """All pages in one language.

    Parameters
    ----------
    place : Place
    """
    texts = place.texts
    blocks: gr.Blocks = gr.Blocks(title=texts("app.title"), analytics_enabled=False)
    with blocks:
        gr.HTML(_top(texts))
        with gr.Tabs(overflow_behavior="wrap"):
            for page in (analyse, why, timeline, compare, batch):
                with gr.Tab(texts(page.TITLE)):
                    page.build(place)
            for looked_at in (models, library_page):  # their figures change while nobody looks
                with gr.Tab(texts(looked_at.TITLE)) as tab:
                    looked_at.build(place, tab)
    return blocks


def _top(texts: Texts) -> str:
    links = []
    for name in languages.names():
        other = languages.load(name)
        current = ' aria-current="true"' if other is texts else ""
        shown = escape(other("name"))
        links.append(f'<a href="/{name}/" lang="{other.language}"{current}>{shown}</a>')
    return (
        f'<header class="gs-top"><h1>Genrescope</h1><p>{escape(texts("app.tagline"))}</p>'
        f'<nav aria-label="{escape(texts("app.switch"))}">{"".join(links)}</nav></header>'
        f'<p class="gs-note">{escape(texts("app.skip"))}</p>'
    )
