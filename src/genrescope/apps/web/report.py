"""One HTML file that opens offline: what a page shows of one sound, with its pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from genrescope import __version__
from genrescope.apps.web.asset import asset
from genrescope.apps.web.markup import table
from genrescope.apps.web.texts import Texts
from genrescope.apps.web.verdict import all_heads


def write_report(
    texts: Texts,
    source: str,
    verdict: str,
    views: Sequence[dict[str, Any]],
    seen: Sequence[dict[str, Any]],
    steps: str,
    rows: Sequence[Sequence[str]],
) -> str:
    """The report as HTML; it loads nothing.

    Parameters
    ----------
    texts : Texts
    source : str
        The sound's name.
    verdict, steps : str
        HTML as the page shows it.
    views, seen : sequence of dict
        Payloads for the viewer.
    rows : sequence of sequence of str
        All genres.
    """
    words = {group: _words(texts, group) for group in ("viewer", "analyse")}
    body = (
        f'{verdict}<div id="views"></div><div id="seen"></div>'
        f"<h2>{escape(texts('analyse.steps'))}</h2>{steps}"
        f"{table(all_heads(texts), rows, texts('analyse.all'))}"
    )
    draw = (
        'Genrescope.showViews(document.getElementById("views"), told.views, told.words.viewer);'
        'Genrescope.showSeen(document.getElementById("seen"), told.seen, told.words.analyse);'
    )
    told = {"views": list(views), "seen": list(seen), "words": words}
    return _page(texts, source, body, told, ("viewer.js",), draw)


def write_course_report(
    texts: Texts, source: str, words: str, course: dict[str, Any], rest: str
) -> str:
    """A timeline as HTML; it loads nothing.

    Parameters
    ----------
    texts : Texts
    source : str
        The sound's name.
    words, rest : str
        HTML as the page shows it, above and below the picture.
    course : dict
        Payload of `genrescope.apps.web.course`, not live.
    """
    draw = 'Genrescope.showCourse(document.getElementById("course"), told.course, told.words);'
    told = {"course": course, "words": _words(texts, "course")}
    body = f'{words}<div id="course"></div>{rest}'
    return _page(texts, source, body, told, ("viewer.js", "course.js"), draw)


def write_why_report(
    texts: Texts, source: str, words: str, reasons: Sequence[dict[str, Any]], rest: str
) -> str:
    """Heat maps as HTML; parameters as for `write_course_report`."""
    draw = 'Genrescope.showReasons(document.getElementById("why"), told.reasons, told.words);'
    told = {"reasons": list(reasons), "words": _words(texts, "reasons")}
    body = f'{words}<div id="why"></div>{rest}'
    return _page(texts, source, body, told, ("viewer.js", "reasons.js"), draw)


def _words(texts: Texts, group: str) -> dict[str, str]:
    return {
        key.partition(".")[2]: text
        for key, text in texts.sentences.items()
        if key.startswith(f"{group}.")
    }


def _page(
    texts: Texts,
    source: str,
    body: str,
    told: dict[str, Any],
    scripts: Sequence[str],
    draw: str,
) -> str:
    carried = "".join(f"<script>{asset(name)}</script>" for name in scripts)
    return f"""<!doctype html>
<html lang="{texts.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(source)} · Genrescope</title>
<style>body{{font-family:system-ui,sans-serif;max-width:1080px;margin:1rem auto;padding:0 1rem}}
{asset("style.css")}</style></head><body>
<h1>Genrescope</h1>{body}
<p class="gs-note">Genrescope {escape(__version__)}</p>
{carried}
<script>const told = {_script_json(told)};
{draw}</script>
</body></html>
"""


def _script_json(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
