"""The first page: one sound, one network, and every step between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from genrescope.apps.web.asking import Looked
from genrescope.apps.web.pages._place import Place, arrived, take
from genrescope.apps.web.pages._tables import to_csv
from genrescope.apps.web.pages._telling import saves_of, tell_steps
from genrescope.apps.web.pictures import seen_payload, view_payload
from genrescope.apps.web.report import write_report
from genrescope.apps.web.steps import explain_steps
from genrescope.apps.web.verdict import all_heads, all_rows, headline, top_bars

TITLE = "tab.analyse"


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = place.model_choices()
    model = gr.Dropdown(
        choices, value=choices[0] if choices else None, label=texts("analyse.model")
    )
    drop = place.drop("gs-analyse-drop")
    progress = gr.HTML(padding=True)
    with gr.Row():
        with gr.Column(scale=1):
            verdict = gr.HTML(
                f"<p class='gs-note'>{texts('analyse.empty')}</p>", elem_id="gs-verdict"
            )
        with gr.Column(scale=1):
            bars = gr.HTML(elem_id="gs-bars")
    viewer = place.viewer("gs-analyse-viewer")
    with gr.Row():
        with gr.Column(scale=1, min_width=260):
            seen = place.seen("gs-analyse-seen")
        with gr.Column(scale=2):
            steps = gr.HTML(elem_id="gs-steps")
    table = gr.Dataframe(
        headers=all_heads(texts),
        label=texts("analyse.all"),
        interactive=False,
        visible=False,
        max_height=760,
        wrap=True,
        buttons=["copy", "fullscreen"],
        elem_id="gs-all",
    )
    saves = place.saves("gs-analyse-saves", "gs-analyse-viewer")
    shown = [progress, verdict, bars, viewer, seen, steps, table, saves]

    def answer(value: Any, name: str) -> Iterator[Any]:
        blank = ["", "", None, None, "", gr.update(visible=False), None]
        yield from tell_steps(place, lambda: take(place, arrived(value)), (name,), _shown, blank)

    drop.submit(answer, [drop, model], shown, show_progress="hidden", api_visibility="private")
    model.input(None, js="() => Genrescope.again('gs-analyse-drop')", api_visibility="private")


def _shown(place: Place, looked: Looked) -> list[Any]:
    texts, made = place.texts, looked.predictions[0]
    card = place.studio.card(made.model)
    engine = place.studio.load(made.model).engine
    view = view_payload(looked.views[card.spectrogram.kind], made.source, made.window_starts)
    seen = seen_payload(looked.seen[card.name], card.name)
    verdict, bars = headline(made, card, texts), top_bars(made, card, texts)
    steps = explain_steps(looked, made, card, engine, texts)
    rows = all_rows(made, card, texts)
    report = write_report(texts, made.source, verdict + bars, [view], [seen], steps, rows)
    saved = {**saves_of(made), "csv": to_csv(all_heads(texts), rows), "report": report}
    return [verdict, bars, [view], [seen], steps, gr.update(value=rows, visible=True), saved]
