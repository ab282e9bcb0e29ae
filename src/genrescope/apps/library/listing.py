"""Songs, plans and journals as HTML tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import PurePath

from genrescope.apps.library.figures import TAXONOMY
from genrescope.apps.web.markup import family_of, genre_name
from genrescope.apps.web.texts import Texts
from genrescope.audio.source import shown
from genrescope.collection.stores import Writing
from genrescope.collection.table import Table
from genrescope.collection.tagging.plan_file import Change

SORTS = {"genre": "ascending", "path": "ascending"}
"""Words go from A on; numbers from the greatest on."""


def songs(found: Table, sort: str, ascending: bool, texts: Texts) -> str:
    """A page of songs as a table.

    Parameters
    ----------
    found : Table
        Its rows are shown, all of them.
    sort : str
        The field that they are ordered by, or "".
    ascending : bool
    texts : Texts
    """
    several = len(found.models) > 1
    columns = ["file", "genre", "probability", "entropy"]
    columns += [*(["agreement"] if several else []), "seconds"]
    direction = "ascending" if ascending else SORTS.get(sort, "descending")
    head = "".join(
        f'<th scope="col"{_sorted(column, sort, direction)}>{escape(texts(f"library.{column}"))}'
        "</th>"
        for column in columns
    )
    body = "".join(_song(found, row, several, texts) for row in range(len(found)))
    return _table(head, body, texts("library.songs"), "gs-songs")


def _sorted(column: str, sort: str, direction: str) -> str:
    shown_as = "file" if sort == "path" else sort
    return f' aria-sort="{direction}"' if shown_as == column else ""


def _song(found: Table, row: int, several: bool, texts: Texts) -> str:
    label = found.genres[row]
    colour = family_of(label, TAXONOMY, texts)[1]
    cells = [
        f'<i style="background:{colour}"></i>{escape(genre_name(label, TAXONOMY, texts))}',
        f"{100 * found.figures['probability'][row]:.0f} %",
        f"{found.figures['entropy'][row]:.2f}",
        *([f"{100 * found.figures['agreement'][row]:.0f} %"] if several else []),
        _clock(float(found.figures["seconds"][row])),
    ]
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{file_name(found.paths[row])}</th>{body}</tr>'


def file_name(path: bytes) -> str:
    """The file's own name, and its folder beneath, as HTML."""
    whole = PurePath(os.fsdecode(path))
    return (
        f'<span class="gs-file-name">{escape(shown(whole.name))}</span>'
        f'<span class="gs-folder">{escape(shown(str(whole.parent)))}</span>'
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def plan(changes: Sequence[Change], texts: Texts) -> str:
    """Lines of a plan as a table."""
    rows = [
        (one.path, one.before, one.after, "" if one.probability is None else _share(one))
        for one in changes
    ]
    return _genres_table(rows, ("tag_before", "tag_after", "probability"), "plan_table", texts)


def _share(change: Change) -> str:
    return f"{100 * (change.probability or 0.0):.0f} %"


def journal(writings: Sequence[Writing], texts: Texts) -> str:
    """What undoing would put back, as a table."""
    rows = [(one.path, one.after, one.before, "") for one in writings]
    return _genres_table(rows, ("tag_before", "tag_after"), "undo_title", texts)


def _genres_table(
    rows: Sequence[tuple[bytes, tuple[str, ...], tuple[str, ...], str]],
    heads: Sequence[str],
    caption: str,
    texts: Texts,
) -> str:
    nothing = texts("library.nothing")
    head = "".join(
        f'<th scope="col">{escape(texts(f"library.{key}"))}</th>' for key in ("file", *heads)
    )
    body = ""
    for path, before, after, share in rows:
        words = [escape("; ".join(genres) or nothing) for genres in (before, after)]
        cells = [*words, escape(share)][: len(heads)]
        body += f'<tr><th scope="row">{file_name(path)}</th>'
        body += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return _table(head, body, texts(f"library.{caption}"), "gs-plan")


def _table(head: str, body: str, caption: str, kind: str) -> str:
    """A table that scrolls sideways by keyboard, too; head and body are HTML."""
    title = escape(caption)
    return (
        f'<div class="gs-scroll" tabindex="0" role="region" aria-label="{title}">'
        f'<table class="gs-table {kind}"><caption>{title}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
