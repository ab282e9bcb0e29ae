"""The first page: one sound, one network, and every step between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr

from genrescope.apps.results import to_plain
from genrescope.apps.serving import Progress, Question
from genrescope.apps.web.asking import Looked, look_at
from genrescope.apps.web.markup import complaint, ticks
from genrescope.apps.web.pages._place import Place, arrived, take
from genrescope.apps.web.pages._tables import to_csv
from genrescope.apps.web.pictures import seen_payload, view_payload
from genrescope.apps.web.report import write_report
from genrescope.apps.web.steps import explain_steps
from genrescope.apps.web.texts import Texts
from genrescope.apps.web.verdict import all_heads, all_rows, headline, top_bars
from genrescope.types import GenrescopeError, Prediction

TITLE = "tab.analyse"
STEPS = ("arrived", "decoding", "networks", "drawing", "done")


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
        yield from _answer(place, value, name)

    drop.submit(answer, [drop, model], shown, show_progress="hidden", api_visibility="private")
    model.input(None, js="() => Genrescope.again('gs-analyse-drop')", api_visibility="private")


def _answer(place: Place, value: Any, name: str) -> Iterator[Any]:
    """Everything the page shows, again and again until it is done."""
    texts = place.texts
    keep = [gr.skip()] * 7
    try:
        upload = take(place, arrived(value))
        for told in look_at(place.studio, upload, Question(models=(name,))):
            if isinstance(told, Looked):
                yield [ticks(step_states("done", texts)), *_shown(place, told)]
            else:
                yield [ticks(step_states(step_of(told), texts)), *keep]
    except GenrescopeError as error:
        gone: Any = [None] * 2
        yield [complaint(texts.error(error)), "", "", *gone, "", gr.update(visible=False), None]


def step_of(progress: Progress) -> str:
    """Which of `STEPS` a piece of progress belongs to."""
    if progress.step == "waiting":
        return "arrived"
    if progress.step == "listening":
        return "decoding"
    return "networks" if progress.model else "drawing"


def step_states(now: str, texts: Texts) -> list[tuple[str, str]]:
    """Every step with ``done``, ``now`` or ``later``."""
    place = STEPS.index(now)
    states = []
    for i, step in enumerate(STEPS):
        done = i < place or now == "done" or step == "arrived"
        states.append(
            (texts(f"analyse.{step}"), "done" if done else "now" if i == place else "later")
        )
    return states


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


def saves_of(made: Prediction) -> dict[str, str]:
    """What can be saved of one prediction: its name for a file, and its JSON."""
    plain = json.dumps(to_plain(made, per_window=True), ensure_ascii=False, indent=1)
    return {"name": file_stem(made.source), "json": plain}


def file_stem(source: str) -> str:
    """A sound's name without its ending, fit for a file's name.

    Examples
    --------
    >>> file_stem("a/b: c.mp3"), file_stem("...")
    ('b_ c', 'genrescope')
    """
    last = source.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    kept = "".join(c if c.isalnum() or c in " -_()" else "_" for c in stem).strip("_ ")
    return kept[:80] or "genrescope"
