"""What networks there are: cards as readable pages, what they scored, what they cost here."""

from __future__ import annotations

import time
from html import escape
from statistics import median
from typing import Any

import numpy as np

from genrescope.apps.serving import ShelfModel
from genrescope.apps.web.charts import accuracy_by_time, reliability
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import complaint, genre_name, paragraphs, table
from genrescope.apps.web.pages._place import Place
from genrescope.apps.web.texts import Texts
from genrescope.types import GenrescopeError, ModelCard

TITLE = "tab.models"
LOOKS = 15
LISTED = ("dataset", "metric", "value", "interval", "songs", "note")


def build(place: Place, tab: gr.Tab) -> None:
    """Lay the page out; whether a network is loaded is asked when the tab is opened."""
    texts = place.texts
    names = [one.name for one in place.studio.models()]
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    with gr.Row(equal_height=True):
        choice = gr.Dropdown(
            names, value=names[0] if names else None, label=texts("models.choose"), scale=3
        )
        load = gr.Button(texts("models.load"), scale=1)
        unload = gr.Button(texts("models.unload"), scale=1)
    state = gr.HTML(elem_id="gs-model-state")
    card = gr.HTML(elem_id="gs-model-card")
    gr.HTML(f"<h3>{escape(texts('models.plot'))}</h3>{paragraphs(texts('models.plot_text'))}")
    measure = gr.Button(texts("models.measure"))
    plot = gr.HTML(elem_id="gs-model-plot")

    def show(name: str) -> list[str]:
        return [_state(place, name), describe(place, name)]

    def act(name: str, wanted: bool) -> str:
        try:
            if wanted:
                place.studio.load(name)
            else:
                place.studio.unload(name)
        except GenrescopeError as error:
            return complaint(texts.error(error))
        return _state(place, name)

    tab.select(lambda name: _state(place, name), choice, state, **hidden)
    choice.change(show, choice, [state, card], **hidden)
    load.click(lambda name: act(name, True), choice, state, **hidden)
    unload.click(lambda name: act(name, False), choice, state, **hidden)
    measure.click(lambda: _measured(place), None, plot, api_visibility="private")
    state.value, card.value = show(names[0]) if names else ("", "")


def _find(place: Place, name: str) -> ShelfModel | None:
    return next((one for one in place.studio.models() if one.name == name), None)


def _state(place: Place, name: str) -> str:
    found, texts = _find(place, name), place.texts
    if found is None:
        return ""
    if found.problem:
        return complaint(texts("models.problem", problem=found.problem))
    state = texts("models.loaded" if found.loaded else "models.not_loaded")
    return paragraphs(texts("models.state", name=name, state=state))


def describe(place: Place, name: str) -> str:
    """A model's card as a readable page, as HTML."""
    found, texts = _find(place, name), place.texts
    if found is None or found.card is None:
        return ""
    card = found.card
    rows = [(texts(f"models.{key}"), value) for key, value in _facts(card, texts) if value]
    body = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>'
        for key, value in rows
    )
    scores = [
        (
            f"{score.dataset}, {score.split}",
            score.metric,
            f"{score.value:.3f}",
            f"{score.low:.3f}–{score.high:.3f}",
            str(score.n),
            score.note,
        )
        for score in card.scores
    ]
    drawn = reliability(card.bands, texts)
    trust = (
        f"<h3>{escape(texts('models.reliability'))}</h3>"
        f"{paragraphs(texts('models.reliability_text'))}{drawn}"
    )
    return (
        f"<h2>{escape(card.name)}</h2>{paragraphs(card.description)}"
        '<div class="gs-scroll"><table class="gs-table gs-facts">'
        f"<tbody>{body}</tbody></table></div>"
        + table([texts(f"models.{key}") for key in LISTED], scores, texts("models.scores"))
        + (trust if drawn else "")
    )


def _facts(card: ModelCard, texts: Texts) -> list[tuple[str, str]]:
    spec, picture = card.spectrogram, card.picture
    looks = texts(
        "models.input_text",
        kind=texts(f"viewer.{spec.kind}"),
        rate=spec.sample_rate,
        seconds=spec.window_seconds,
        height=picture.height,
        width=picture.width,
    )
    learned = "; ".join(
        f"{source.name}: {source.excerpts} ({source.split}; {source.terms})"
        for source in card.training
    )
    return [
        ("network", card.network),
        ("input", looks),
        ("labels", ", ".join(genre_name(label, card.taxonomy, texts) for label in card.labels)),
        ("trained", learned),
        ("held_out", card.held_out),
        ("calibration", _calibration(card, texts)),
        ("gauge", _gauge(card, texts)),
        ("weights", card.weights),
        ("licence", card.licence),
        ("origin", card.origin),
        ("paper", card.paper),
        ("pretrained", card.pretrained),
        ("warnings", "; ".join(card.warnings)),
    ]


def _calibration(card: ModelCard, texts: Texts) -> str:
    """What was fitted: over others' networks, which are not trained on, a temperature alone."""
    if card.temperature == 1.0:
        return texts("models.no_temperature")
    key = "models.temperature_only" if card.pretrained else "models.temperature"
    return texts(key, temperature=card.temperature)


def _gauge(card: ModelCard, texts: Texts) -> str:
    """What tells music from other sounds, in a sentence."""
    if card.music is None:
        return texts("models.no_gauge")
    return texts(
        "models.gauge_text",
        feature=texts(f"models.by_{card.music.feature}"),
        percent=100 * card.music.kept,
        fitted_on=card.music.fitted_on,
    )


def _measured(place: Place) -> str:
    """The plot, with milliseconds measured now on random pictures, one at a time."""
    points = []
    for one in place.studio.models():
        score = next(
            (
                score
                for score in (one.card.scores if one.card else ())
                if (score.dataset, score.metric) == ("real audio", "top1")
            ),
            None,
        )
        if one.card is None or score is None:
            continue
        try:
            ms = look_milliseconds(place, one.name, one.card)
        except GenrescopeError as error:
            return complaint(place.texts.error(error))
        points.append((one.name, ms, score.value, score.low, score.high))
    return accuracy_by_time(points, place.texts)


def look_milliseconds(place: Place, name: str, card: ModelCard) -> float:
    """Median time of one look of a network here, in milliseconds.

    Raises
    ------
    ModelError
        If it cannot be loaded.
    """
    engine = place.studio.load(name).engine
    size = (1, card.picture.channels, card.picture.height, card.picture.width)
    picture = np.random.default_rng(0).normal(size=size).astype(np.float32)
    engine.run(picture)
    times = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        engine.run(picture)
        times.append(1000 * (time.perf_counter() - began))
    return median(times)
