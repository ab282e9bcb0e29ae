"""The listening panel: several networks over one sound, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from genrescope.apps.results import to_rows
from genrescope.apps.serving import Question, Upload
from genrescope.apps.web import panel
from genrescope.apps.web.advice import advise
from genrescope.apps.web.asking import Looked
from genrescope.apps.web.lean import gr
from genrescope.apps.web.pages._place import Arrived, Place, arrived, heard, take
from genrescope.apps.web.pages._tables import as_texts
from genrescope.apps.web.pages._telling import saves_of, tell_steps
from genrescope.apps.web.pictures import seen_payload, view_payload
from genrescope.types import Comparison, GenrescopeError

TITLE = "tab.compare"
KINDS = ("mel", "cqt", "both")


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = place.model_choices()
    kind = gr.Radio(
        [(texts(f"compare.{name}"), name) for name in KINDS],
        value="both",
        label=texts("compare.kind"),
    )
    own = place.model_choices(pretrained=False)
    networks = Names(choices, value=own, label=texts("compare.networks"))
    drop = place.drop("gs-compare-drop")
    run = gr.Button(texts("compare.run"), variant="primary")
    progress = gr.HTML(padding=True)
    together = gr.HTML(elem_id="gs-together")
    other = gr.Button(visible=False, elem_id="gs-other")
    columns = gr.HTML()
    viewer = place.viewer("gs-compare-viewer")
    seen = place.seen("gs-compare-seen")
    rest = gr.HTML(elem_id="gs-panel")
    saves = place.saves("gs-compare-saves", "gs-compare-viewer")
    shown = [progress, together, other, columns, viewer, seen, rest, saves]

    def choose(name: str) -> Any:
        kind = "" if name == "both" else name
        own = place.model_choices(kind, pretrained=False)
        return gr.update(choices=place.model_choices(kind), value=own)

    def answer(value: Any, name: str, names: list[str]) -> Iterator[Any]:
        chosen = _chosen(place, "" if name == "both" else name, names)
        blank = ["", gr.update(visible=False), "", None, None, "", None]
        question, sounds = Question(models=chosen), arrived(value)
        yield from tell_steps(
            place,
            lambda: _take(place, sounds, chosen),
            question,
            lambda place, looked: _shown(place, looked, sounds),
            blank,
        )

    hidden: dict[str, Any] = {"api_visibility": "private"}
    kind.input(choose, kind, networks, show_progress="hidden", **hidden)
    drop.submit(
        answer,
        [drop, kind, networks],
        shown,
        show_progress="hidden",
        trigger_mode="always_last",
        **hidden,
    )
    again = "() => Genrescope.again('gs-compare-drop')"
    run.click(None, js=again, **hidden)
    widened = other.click(
        lambda: ("both", choose("both")), None, [kind, networks], show_progress="hidden", **hidden
    )
    widened.then(None, js=again, **hidden)


class Names(gr.CheckboxGroup):
    """Gradio's boxes, whatever is ticked in the browser: a page may be behind its server.

    By itself Gradio ends a question with an error that no page shows where a sound arrives
    between the choice of a spectrogram and the boxes that belong to it.
    """

    is_template = True

    def preprocess(self, payload: list[str | int | float]) -> list[str | int | float]:
        """What is ticked, as it came."""
        return payload


def _chosen(place: Place, kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """The networks that are ticked, or those of the kind where the boxes are still another's."""
    usable = place.model_choices(kind)
    if set(names or ()) <= set(usable):
        return tuple(names or ())
    return tuple(place.model_choices(kind, pretrained=False))


def _take(place: Place, sounds: list[Arrived], names: tuple[str, ...]) -> Upload:
    """The sound, where there are networks enough to compare."""
    upload = take(place, sounds)
    if len(names) < 2:
        upload.close()
        raise GenrescopeError(place.texts("compare.one_only" if names else "compare.none"))
    return upload


def _shown(place: Place, looked: Looked, sounds: list[Arrived]) -> list[Any]:
    texts, result = place.texts, looked.answer.result
    assert isinstance(result, Comparison)
    cards = {one.model: place.studio.card(one.model) for one in looked.predictions}
    first = looked.predictions[0]
    views = [
        heard(view_payload(view, first, cards[first.model]), sounds)
        for view in looked.views.values()
    ]
    kinds: dict[int, str] = {}
    for model, seen in looked.seen.items():
        kinds.setdefault(id(seen), model)
    pictures = [seen_payload(looked.seen[model], model) for model in kinds.values()]
    advice, wanted = advise(result, cards, looked.answer, place.model_choices, texts)
    button = gr.update(visible=False)
    if wanted:
        label = texts("compare.advice_other", kind=texts(f"compare.{wanted}"))
        button = gr.update(value=label, visible=True)
    rest = "".join(
        [
            panel.trades(result, cards, texts),
            panel.heat(result, cards, texts),
            panel.cost(result, looked.answer, texts),
        ]
    )
    rows = to_rows(result)
    table = as_texts(list(rows[0]), [list(row.values()) for row in rows])
    saved = {**saves_of(result), **table}
    together = panel.together(result, cards, texts) + advice
    return [together, button, panel.columns(result, cards, texts), views, pictures, rest, saved]
