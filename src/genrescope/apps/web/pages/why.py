"""Why networks say a genre: their evidence over the spectrogram, and the sound without a part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from genrescope.apps.reasons import plain_why
from genrescope.apps.serving.reasons import WhyAnswer, WhyQuestion, ask_why, read_changes
from genrescope.apps.web import evidence
from genrescope.apps.web.asking import wait_for
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import genre_name
from genrescope.apps.web.pages._place import Arrived, Place, arrived, heard, take
from genrescope.apps.web.pages._telling import file_stem, tell_work
from genrescope.apps.web.report import write_why_report
from genrescope.types import GenrescopeError

TITLE = "tab.why"
FIRST = ""
"""The choice of genre that leaves it to each network."""
MOST_NETWORKS = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in the fields of the page, in their order."""

    models: tuple[str, ...]
    genre: str
    method: str
    low: float | None
    high: float | None
    begin: float | None
    end: float | None
    start: float | None

    @property
    def parts(self) -> dict[str, list[float]]:
        """What is left out, by the name of the API's parameter: two numbers, or fewer.

        A field that was left empty may arrive as 0, where nothing can end.
        """
        pairs = {"mute_band": (self.low, self.high), "mute_time": (self.begin, self.end)}
        return {name: _filled(*pair) for name, pair in pairs.items()}

    def words(self, place: Place) -> str:
        """What is left out, for people; "" where nothing is."""
        said = [
            place.texts(f"why.{name}", low=pair[0], high=pair[1])
            for name, pair in self.parts.items()
            if len(pair) == 2
        ]
        return place.texts("why.and").join(said)


def _filled(first: float | None, last: float | None) -> list[float]:
    """The ends that are filled in.

    Examples
    --------
    >>> _filled(60.0, None), _filled(60, 0), _filled(None, 250), _filled(0, 250), _filled(0, 0)
    ([60.0], [60], [250], [0, 250], [])
    """
    if not last:
        return [first] if first else []
    return [last] if first is None else [first, last]


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = place.model_choices()
    names = choices[:1]
    models = gr.CheckboxGroup(choices, value=names, label=texts("why.models"))
    with gr.Row():
        genres, ways = _genres(place, names), _methods(place, names)
        wide: dict[str, Any] = {"min_width": 200}  # below each other on a phone
        genre = gr.Dropdown(genres, value=FIRST, label=texts("why.genre"), **wide)
        method = gr.Radio(ways, value="occlusion", label=texts("why.method"), **wide)
    with gr.Row(elem_classes="gs-fields"):
        edge: dict[str, Any] = {"minimum": 0, "placeholder": texts("why.nothing"), "min_width": 130}
        low, high, begin, end = (
            gr.Number(None, label=texts(f"why.{key}"), elem_id=f"gs-why-{key}", **edge)
            for key in ("low", "high", "begin", "end")
        )
        start = gr.Number(0, label=texts("why.start"), minimum=0, min_width=130)
    drop = place.drop("gs-why-drop")
    run = gr.Button(texts("why.run"), variant="primary")
    progress = gr.HTML(padding=True, elem_id="gs-why-progress")
    note = gr.HTML(f"<p class='gs-note gs-empty'>{texts('why.empty')}</p>")
    picture = place.reasons("gs-why-picture")
    listening = place.listening("gs-why-listening")
    moved = gr.HTML(elem_id="gs-why-moved")
    saves = place.saves("gs-why-saves", "gs-why-picture")

    def choose(names: list[str], genre: str, method: str) -> Any:
        genres, methods = _genres(place, names), _methods(place, names)
        kept = genre if genre in [value for _, value in genres] else FIRST
        way = method if method in [value for _, value in methods] else "occlusion"
        return gr.update(choices=genres, value=kept), gr.update(choices=methods, value=way)

    def answer(value: Any, names: list[str], *fields: Any) -> Iterator[Any]:
        chosen, sounds = Chosen(tuple(names or ()), *fields), arrived(value)
        yield from tell_work(
            place,
            lambda: _asked(place, sounds, chosen),
            texts("why.working"),
            lambda found: _shown(place, found, chosen, sounds),
            ["", None, None, "", None],
        )

    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    models.input(choose, [models, genre, method], [genre, method], **hidden)
    fields = [models, genre, method, low, high, begin, end, start]
    shown = [progress, note, picture, listening, moved, saves]
    drop.submit(answer, [drop, *fields], shown, trigger_mode="always_last", **hidden)
    again = "() => Genrescope.again('gs-why-drop')"
    run.click(None, js=again, api_visibility="private")


def _genres(place: Place, models: list[str]) -> list[tuple[str, str]]:
    """Each network's own first choice, and what all of them know."""
    first = (place.texts("why.first"), FIRST)
    if not models:
        return [first]
    cards = [place.studio.card(name) for name in models]
    shared = [one for one in cards[0].labels if all(one in card.labels for card in cards)]
    return [first, *((genre_name(one, cards[0].taxonomy, place.texts), one) for one in shared)]


def _methods(place: Place, models: list[str]) -> list[tuple[str, str]]:
    """Occlusion, and the class activation map where every network gives one."""
    mapped = bool(models) and all(place.studio.shelf.has_map(name) for name in models)
    names = ("occlusion", "cam") if mapped else ("occlusion",)
    return [(place.texts(f"why.{name}"), name) for name in names]


def _asked(place: Place, sounds: list[Arrived], chosen: Chosen) -> Iterator[WhyAnswer | None]:
    """The question put to the studio; the sound is taken only where the fields are in order."""
    if any(len(pair) == 1 for pair in chosen.parts.values()):
        raise GenrescopeError(place.texts("why.both"))
    if not 1 <= len(chosen.models) <= MOST_NETWORKS:
        raise GenrescopeError(place.texts("why.how_many", most=MOST_NETWORKS))
    question = WhyQuestion(
        chosen.models,
        chosen.genre or None,
        chosen.method,
        read_changes(chosen.parts["mute_band"], chosen.parts["mute_time"]),
        max(0.0, chosen.start or 0.0),
    )
    upload = take(place, sounds)
    return wait_for(
        place.studio,
        upload,
        lambda watch: ask_why(place.studio, upload.file, question, label=upload.label, watch=watch),
    )


def _shown(place: Place, found: WhyAnswer, chosen: Chosen, sounds: list[Arrived]) -> list[Any]:
    texts = place.texts
    cards = [place.studio.card(one.prediction.model) for one in found.explanations]
    pairs = zip(found.explanations, cards, strict=True)
    views = [evidence.payload(one, card, texts) for one, card in pairs]
    plain = json.dumps(plain_why(found.explanations, found.moved), ensure_ascii=False, indent=1)
    moved, listening, what = "", None, chosen.words(place)
    if found.moved is not None:
        labels = [one.label for one in found.explanations]
        title = texts("why.moved", what=what, start=chosen.start or 0.0)
        moved = evidence.moved(found.moved, labels, title, cards[0], texts)
        query = urlencode({**chosen.parts, "start": max(0.0, chosen.start or 0.0)}, doseq=True)
        listening = heard({"query": query, "words": what}, sounds)
    source = found.explanations[0].prediction.source
    saved = {
        "name": f"{file_stem(source)}-why",
        "json": plain,
        "report": write_why_report(texts, source, "", views, moved),
    }
    return ["", views, listening, moved, saved]
