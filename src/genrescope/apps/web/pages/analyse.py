"""The first page: one sound, one network, and every step between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from genrescope.apps.results import to_plain
from genrescope.apps.serving import Question
from genrescope.apps.web.asking import Looked
from genrescope.apps.web.evidence import moved_table
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import complaint
from genrescope.apps.web.pages._place import Arrived, Place, arrived, heard, take
from genrescope.apps.web.pages._tables import Table, as_texts
from genrescope.apps.web.pages._telling import saves_of, tell_steps
from genrescope.apps.web.pictures import seen_payload, view_payload
from genrescope.apps.web.report import write_report
from genrescope.apps.web.steps import explain_steps
from genrescope.apps.web.texts import Texts
from genrescope.apps.web.verdict import all_heads, all_rows, headline, top_bars
from genrescope.audio import Change, Denoise, read_cleaning
from genrescope.audio.cleaning import HIGH_HZ, LOW_HZ
from genrescope.types import GenrescopeError, ModelCard

TITLE = "tab.analyse"
CLEANING = ("band", "noise", "trim")


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = place.model_choices()
    model = gr.Dropdown(
        choices, value=choices[0] if choices else None, label=texts("analyse.model")
    )
    cleaning = _cleaning_fields(texts)
    drop = place.drop("gs-analyse-drop")
    progress = gr.HTML(padding=True)
    with gr.Row():
        with gr.Column(scale=1):
            verdict = gr.HTML(
                f"<p class='gs-note gs-empty'>{texts('analyse.empty')}</p>", elem_id="gs-verdict"
            )
        with gr.Column(scale=1):
            bars = gr.HTML(elem_id="gs-bars")
    viewer = place.viewer("gs-analyse-viewer")
    with gr.Row():
        with gr.Column(scale=1, min_width=260):
            seen = place.seen("gs-analyse-seen")
        with gr.Column(scale=2):
            steps = gr.HTML(elem_id="gs-steps")
    moved = gr.HTML(elem_id="gs-analyse-moved")
    table = _all_genres(texts)
    saves = place.saves("gs-analyse-saves", "gs-analyse-viewer")
    shown = [progress, verdict, bars, viewer, seen, steps, moved, table, saves]

    def answer(value: Any, name: str, *fields: Any) -> Iterator[Any]:
        blank = ["", "", None, None, "", "", gr.update(visible=False), None]
        try:
            asked = Cleaning.read(*fields)
            question = Question(models=(name,), changes=asked.changes)
        except GenrescopeError as error:
            yield [complaint(texts.error(error)), *blank]
            return
        sounds = arrived(value)

        def show(place: Place, looked: Looked) -> list[Any]:
            return _shown(place, looked, asked.query, sounds)

        yield from tell_steps(place, lambda: take(place, sounds), question, show, blank)

    fields = [drop, model, *cleaning]
    drop.submit(
        answer,
        fields,
        shown,
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="always_last",
    )
    model.input(None, js="() => Genrescope.again('gs-analyse-drop')", api_visibility="private")


def _all_genres(texts: Texts) -> Table:
    return Table(
        headers=all_heads(texts),
        label=texts("analyse.all"),
        interactive=False,
        visible=False,
        max_height=760,
        wrap=True,
        buttons=["copy", "fullscreen"],
        elem_id="gs-all",
    )


def _cleaning_fields(texts: Texts) -> tuple[gr.CheckboxGroup, gr.Number, gr.Number]:
    with gr.Accordion(texts("clean.title"), open=False, elem_id="gs-clean"):
        gr.HTML(f"<p class='gs-note'>{texts('clean.about')}</p>")
        wanted = gr.CheckboxGroup(
            [(texts(f"clean.{name}"), name) for name in CLEANING], label=texts("clean.what")
        )
        with gr.Row(elem_classes="gs-fields"):
            low, high = (
                gr.Number(hz, label=texts(f"clean.{key}"), minimum=1, min_width=130)
                for key, hz in (("low", LOW_HZ), ("high", HIGH_HZ))
            )
    return wanted, low, high


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The clean-up that the fields of the page ask for, and the same as the API's parameters."""

    changes: tuple[Change, ...]
    query: str

    @classmethod
    def read(cls, wanted: list[str] | None, low: float | None, high: float | None) -> Cleaning:
        """Read the fields; raises `AudioError` where a number makes no sense."""
        asked = set(wanted or ())
        band = (low or 0.0, high or 0.0) if "band" in asked else None
        noise = Denoise().reduction_db if "noise" in asked else None
        changes = read_cleaning(band, noise, "trim" in asked)
        given = {"clean_band": band, "clean_noise": noise, "clean_trim": "trim" in asked or None}
        named = {key: value for key, value in given.items() if value is not None}
        return cls(changes, urlencode(named, doseq=True))


def _shown(place: Place, looked: Looked, query: str, sounds: list[Arrived]) -> list[Any]:
    texts, made, before = place.texts, looked.predictions[0], looked.before
    card = place.studio.card(made.model)
    engine = place.studio.load(made.model).engine
    views = _views(looked, card, texts, query)
    seen = seen_payload(looked.seen[card.name], card.name)
    verdict, bars = headline(made, card, texts), top_bars(made, card, texts)
    steps = explain_steps(looked, made, card, engine, texts)
    rows = all_rows(made, card, texts)
    moved, saved = "", saves_of(made)
    if before is not None:
        first = before.predictions[0]
        table = moved_table((first, made), first.top(1)[0][0], card, texts)
        moved = f"<h3>{escape(texts('clean.moved'))}</h3>{table}"
        both = {"before": to_plain(first, per_window=True), "after": json.loads(saved["json"])}
        saved["json"] = json.dumps(both, ensure_ascii=False, indent=1)
    words = verdict + bars + moved
    report = write_report(texts, made.source, words, views, [seen], steps, rows)
    saved = {**saved, **as_texts(all_heads(texts), rows), "report": report}
    table_shown = gr.update(value=rows, visible=True)
    playing = [heard(view, sounds) for view in views]
    return [verdict, bars, playing, [seen], steps, moved, table_shown, saved]


def _views(looked: Looked, card: ModelCard, texts: Texts, query: str) -> list[dict[str, Any]]:
    """The spectrogram; where the sound was cleaned up, as it is and then cleaned."""
    kind = card.spectrogram.kind

    def view(one: Looked, title: str = "", changed: str = "") -> dict[str, Any]:
        made = one.predictions[0]
        return view_payload(one.views[kind], made, card, title=title, changed=changed)

    if looked.before is None:
        return [view(looked)]
    return [
        view(looked.before, texts("clean.before")),
        view(looked, texts("clean.after"), query),
    ]
