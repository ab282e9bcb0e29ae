"""Why a network says a genre: its evidence over the spectrogram, and the sound without a band."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from genrescope.apps.reasons import plain_why
from genrescope.apps.serving.reasons import WhyAnswer, WhyQuestion, ask_why, read_changes
from genrescope.apps.web import evidence
from genrescope.apps.web.asking import wait_for
from genrescope.apps.web.markup import genre_name
from genrescope.apps.web.pages._place import Place, arrived, take
from genrescope.apps.web.pages._telling import file_stem, tell_work
from genrescope.types import GenrescopeError

TITLE = "tab.why"
FIRST = ""
"""The choice of genre that leaves it to the network."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in the fields of the page, in their order."""

    model: str
    genre: str
    method: str
    low: float | None
    high: float | None
    start: float | None


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = place.model_choices()
    name = choices[0] if choices else None
    with gr.Row():
        model = gr.Dropdown(choices, value=name, label=texts("why.model"))
        genre = gr.Dropdown(_genres(place, name), value=FIRST, label=texts("why.genre"))
    method = gr.Radio(_methods(place, name), value="occlusion", label=texts("why.method"))
    with gr.Row():
        edge: dict[str, Any] = {"minimum": 0, "placeholder": texts("why.empty_band")}
        low = gr.Number(None, label=texts("why.low"), elem_id="gs-why-low", **edge)
        high = gr.Number(None, label=texts("why.high"), elem_id="gs-why-high", **edge)
        start = gr.Number(0, label=texts("why.start"), minimum=0)
    drop = place.drop("gs-why-drop")
    run = gr.Button(texts("why.run"), variant="primary")
    progress = gr.HTML(padding=True)
    words = gr.HTML(f"<p class='gs-note'>{texts('why.empty')}</p>", elem_id="gs-why-words")
    picture = gr.HTML(elem_id="gs-why-picture")
    moved = gr.HTML(elem_id="gs-why-moved")
    saves = place.saves("gs-why-saves", "gs-why-picture")

    def choose(name: str, genre: str, method: str) -> Any:
        genres, methods = _genres(place, name), _methods(place, name)
        kept = genre if genre in [value for _, value in genres] else FIRST
        way = method if method in [value for _, value in methods] else "occlusion"
        return gr.update(choices=genres, value=kept), gr.update(choices=methods, value=way)

    def answer(value: Any, *fields: Any) -> Iterator[Any]:
        chosen = Chosen(*fields)
        yield from tell_work(
            place,
            lambda: _asked(place, value, chosen),
            texts("why.working"),
            lambda found: _shown(place, found, chosen),
            ["", "", "", None],
        )

    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    model.input(choose, [model, genre, method], [genre, method], **hidden)
    fields = [model, genre, method, low, high, start]
    drop.submit(answer, [drop, *fields], [progress, words, picture, moved, saves], **hidden)
    again = "() => Genrescope.again('gs-why-drop')"
    run.click(None, js=again, api_visibility="private")


def _genres(place: Place, model: str | None) -> list[tuple[str, str]]:
    first = (place.texts("why.first"), FIRST)
    if model is None:
        return [first]
    card = place.studio.card(model)
    return [first, *((genre_name(one, card.taxonomy, place.texts), one) for one in card.labels)]


def _methods(place: Place, model: str | None) -> list[tuple[str, str]]:
    """Occlusion, and the class activation map of networks that give one."""
    mapped = model is not None and place.studio.shelf.has_map(model)
    names = ("occlusion", "cam") if mapped else ("occlusion",)
    return [(place.texts(f"why.{name}"), name) for name in names]


def _asked(place: Place, value: Any, chosen: Chosen) -> Iterator[WhyAnswer | None]:
    """The question put to the studio; the sound is taken only where the fields are in order."""
    band = [edge for edge in (chosen.low, chosen.high) if edge is not None]
    if len(band) == 1:
        raise GenrescopeError(place.texts("why.both"))
    question = WhyQuestion(
        (chosen.model,) if chosen.model else (),
        chosen.genre or None,
        chosen.method,
        read_changes(mute_band=band),
        max(0.0, chosen.start or 0.0),
    )
    upload = take(place, arrived(value))
    return wait_for(
        place.studio,
        upload,
        lambda watch: ask_why(place.studio, upload.file, question, label=upload.label, watch=watch),
    )


def _shown(place: Place, found: WhyAnswer, chosen: Chosen) -> list[Any]:
    explanation = found.explanations[0]
    card = place.studio.card(explanation.prediction.model)
    plain = json.dumps(plain_why(found.explanations, found.moved), ensure_ascii=False, indent=1)
    moved = ""
    if found.moved is not None and chosen.low is not None and chosen.high is not None:
        span = evidence.Muted(chosen.low, chosen.high, chosen.start or 0.0)
        moved = evidence.moved(found.moved, explanation.label, span, card, place.texts)
    return [
        evidence.words(explanation, card, place.texts),
        evidence.picture(explanation, card, place.texts),
        moved,
        {"name": f"{file_stem(explanation.prediction.source)}-why", "json": plain},
    ]
