"""The second half of the page Library: a plan of tags, its preview, writing and undoing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from genrescope.apps.library import listing
from genrescope.apps.serving.library import Asked
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import complaint, paragraphs, table
from genrescope.apps.web.pages._place import Place
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.tagging.planning import Rules
from genrescope.collection.tagging.words import parse_words
from genrescope.collection.tagging.writing import Written
from genrescope.types import Failure, GenrescopeError

SHOWN = 50
"""Lines of a plan, of a journal and of failures that leave the server."""
TELL_SECONDS = 0.5
EXISTING = ("leave", "add", "replace")


def build(place: Place, question: gr.Textbox, tab: gr.Tab) -> None:
    """Lay it out below the songs; the plan itself never leaves the server.

    Parameters
    ----------
    place : Place
    question : gr.Textbox
        Which songs.
    tab : gr.Tab
        What can be undone is looked up when it is opened.
    """
    texts, may_write = place.texts, place.library.may_write
    lead = paragraphs(texts("library.tags_text"), "" if may_write else texts("library.tags_shut"))
    gr.HTML(f"<h3>{escape(texts('library.tags'))}</h3>{lead}")
    with gr.Row():
        threshold = gr.Number(50, label=f"{texts('library.threshold')} (%)", minimum=0, maximum=100)
        top = gr.Number(1, label=texts("library.top"), minimum=1, precision=0)
        separator = gr.Textbox(label=texts("library.separator"), placeholder=" / ", max_lines=1)
    words = gr.Textbox(
        label=texts("library.words"),
        placeholder="Hip-Hop = Rap & Hip-Hop",
        lines=2,
        max_lines=16,
        elem_id="gs-library-words",
    )
    existing = gr.Radio(
        [(texts(f"library.{key}"), key) for key in EXISTING],
        value="leave",
        label=texts("library.existing"),
    )
    plan = gr.Button(texts("library.plan"), elem_id="gs-library-plan")
    preview = gr.HTML(elem_id="gs-library-preview", padding=True)
    kept = gr.State(())
    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def make(asked: str, *fields: Any) -> Iterator[Any]:
        yield from _planned(place, asked or "", fields)

    made = plan.click(
        make, [question, threshold, top, separator, existing, words], [preview, kept], **hidden
    )
    if not may_write:
        return
    looked = gr.Checkbox(label=texts("library.looked"), elem_id="gs-library-looked")
    keep_time = gr.Checkbox(label=texts("library.keep_time"))
    made.then(lambda: False, None, looked, **hidden)
    write = gr.Button(texts("library.apply"), variant="primary", elem_id="gs-library-apply")
    result = gr.HTML(elem_id="gs-library-result", padding=True)
    which = gr.Dropdown([], label=texts("library.undo_which"), elem_id="gs-library-which")
    with gr.Row(equal_height=True):
        holding = gr.Textbox(label=texts("library.undo_only"), max_lines=1)
        undo = gr.Button(texts("library.undo"), elem_id="gs-library-undo")
    journal = gr.HTML(elem_id="gs-library-journal")
    tab.select(lambda: _journal(place), None, [which, journal], **hidden)
    which.input(lambda run: _journal(place, run)[1], which, journal, **hidden)

    def apply(changes: tuple[Change, ...], looked: bool, keep: bool) -> Iterator[Any]:
        yield from _applied(place, changes, bool(looked), bool(keep))

    def back(run: int | None, holding: str, keep: bool) -> Iterator[Any]:
        yield from _undone(place, run, holding or "", bool(keep))

    written = write.click(apply, [kept, looked, keep_time], [result, kept, preview], **hidden)
    undone = undo.click(back, [which, holding, keep_time], result, **hidden)
    for done in (written, undone):
        done.then(lambda: _journal(place), None, [which, journal], **hidden)


def _planned(place: Place, asked: str, fields: tuple[Any, ...]) -> Iterator[Any]:
    texts = place.texts
    changes: list[Change] = []
    failures: list[Failure] = []
    try:
        found = place.library.find(Asked(asked)).table
        told = time.monotonic()
        for done, one in enumerate(place.library.plan(found, _rules(fields, found.labels)), 1):
            if isinstance(one, Failure):
                failures.append(one)
            elif one is not None:
                changes.append(one)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                yield paragraphs(texts("library.planning", done=done, count=len(found))), ()
    except GenrescopeError as error:
        yield complaint(texts.error(error)), ()
        return
    counts = {"count": len(changes), "all": len(found), "failed": len(failures)}
    part = texts("library.planned_part", count=SHOWN) if len(changes) > SHOWN else ""
    words = paragraphs(f"{texts('library.planned', **counts)} {part}")
    drawn = listing.plan(changes[:SHOWN], texts) if changes else ""
    yield f'<div role="status">{words}</div>{drawn}{_failed(place, failures)}', tuple(changes)


def _rules(fields: tuple[Any, ...], labels: tuple[str, ...]) -> Rules:
    """Rules from what stands in the fields; an empty one counts as it stood at first."""
    threshold, top, separator, existing, words = fields
    return Rules(
        threshold=0.5 if threshold is None else min(1.0, max(0.0, float(threshold) / 100)),
        top=max(1, int(top or 1)),
        existing=existing if existing in EXISTING else "leave",
        words=parse_words(words or "", labels),
        separator=separator or "",
    )


def _applied(place: Place, changes: tuple[Change, ...], looked: bool, keep: bool) -> Iterator[Any]:
    texts = place.texts
    if not changes or not looked:
        key = "library.look_first" if changes else "library.plan_first"
        yield complaint(texts(key)), gr.skip(), gr.skip()
        return
    outcomes = place.library.apply(changes, keep)
    for told in _worked(place, outcomes, len(changes), "written"):
        yield told, gr.skip(), gr.skip()
    yield gr.skip(), (), ""


def _undone(place: Place, run: int | None, holding: str, keep: bool) -> Iterator[Any]:
    try:
        writings = place.library.journal().get(run or 0, ())
        if run is None or not writings:
            yield paragraphs(place.texts("library.undo_none"))
            return
        outcomes = place.library.undo(run, holding, keep)
    except GenrescopeError as error:
        yield complaint(place.texts.error(error))
        return
    yield from _worked(place, outcomes, len(writings), "undone")


def _worked(
    place: Place, outcomes: Iterable[Written | Failure], count: int, key: str
) -> Iterator[str]:
    """Progress, and at last what was written or put back, and what was not."""
    texts = place.texts
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    told = 0.0
    try:
        for done, one in enumerate(outcomes, 1):
            if isinstance(one, Failure):
                failures.append(one)
            else:
                counts[one.kind] += 1
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                yield paragraphs(texts("library.writing", done=done, count=count))
    except GenrescopeError as error:
        yield complaint(texts.error(error))
        return
    values = {key: counts[key], "untouched": counts["untouched"], "failed": len(failures)}
    said = paragraphs(texts(f"library.{key}", **values))
    yield f'<div role="status">{said}</div>{_failed(place, failures)}'


def _failed(place: Place, failures: list[Failure]) -> str:
    rows = [(one.source, one.reason) for one in failures[:SHOWN]]
    heads = [place.texts(f"library.{key}") for key in ("file", "reason")]
    return table(heads, rows) if rows else ""


def _journal(place: Place, run: int | None = None) -> tuple[Any, str]:
    """What can be undone, as it stands now: which writings, and the files of one, or the latest."""
    texts = place.texts
    head = f"<h4>{escape(texts('library.undo_title'))}</h4>"
    try:
        runs = place.library.journal()
    except GenrescopeError:
        runs = {}
    if not runs:
        return gr.update(choices=[], value=None), head + paragraphs(texts("library.undo_none"))
    chosen = run if run in runs else next(iter(runs))
    choices = [
        (texts("library.undo_run", run=one, count=len(files)), one) for one, files in runs.items()
    ]
    writings = runs[chosen]
    said = texts("library.undo_text", count=len(writings), run=chosen)
    part = texts("library.planned_part", count=SHOWN) if len(writings) > SHOWN else ""
    drawn = paragraphs(f"{said} {part}") + listing.journal(writings[:SHOWN], texts)
    return gr.update(choices=choices, value=chosen), head + drawn
