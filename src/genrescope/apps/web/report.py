"""One HTML file that opens offline: the verdict, the pictures, the steps, all genres."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from genrescope import __version__
from genrescope.apps.web.asset import asset
from genrescope.apps.web.markup import table
from genrescope.apps.web.texts import Texts


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
    heads = [texts(f"analyse.{key}") for key in ("genre", "family", "probability")]
    words = {
        group: {
            key.partition(".")[2]: text
            for key, text in texts.sentences.items()
            if key.startswith(f"{group}.")
        }
        for group in ("viewer", "analyse")
    }
    data = _script_json({"views": list(views), "seen": list(seen), "words": words})
    return f"""<!doctype html>
<html lang="{texts.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(source)} · Genrescope</title>
<style>body{{font-family:system-ui,sans-serif;max-width:1080px;margin:1rem auto;padding:0 1rem}}
{asset("style.css")}</style></head><body>
<h1>Genrescope</h1>{verdict}<div id="views"></div><div id="seen"></div>
<h2>{escape(texts("analyse.steps"))}</h2>{steps}
{table(heads, rows, texts("analyse.all"))}
<p class="gs-note">Genrescope {escape(__version__)}</p>
<script>{asset("viewer.js")}</script>
<script>const told = {data};
Genrescope.showViews(document.getElementById("views"), told.views, told.words.viewer);
Genrescope.showSeen(document.getElementById("seen"), told.seen, told.words.analyse);</script>
</body></html>
"""


def _script_json(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
