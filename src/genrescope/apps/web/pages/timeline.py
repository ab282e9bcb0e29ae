"""When a genre holds: probabilities over the course of a sound, and its segments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from genrescope.apps.reasons import plain_timeline, timeline_rows
from genrescope.apps.serving.reasons import WhenQuestion, ask_course
from genrescope.apps.tiles import Columns
from genrescope.apps.web import course
from genrescope.apps.web.asking import wait_for
from genrescope.apps.web.lean import gr
from genrescope.apps.web.offline import course_report
from genrescope.apps.web.pages._place import Arrived, Place, arrived, heard, take
from genrescope.apps.web.pages._tables import as_texts
from genrescope.apps.web.pages._telling import file_stem, tell_work
from genrescope.types import Timeline

Course = tuple[Timeline, Columns]

TITLE = "tab.timeline"
ALL = ""
"""The choice of model that stands for all of one's own."""
END_TO_END = 0.0
EVERY = (("end", END_TO_END), ("five", 5.0), ("two", 2.0))


def build(place: Place) -> None:
    """Lay the page out, and say what happens when a sound arrives."""
    texts = place.texts
    choices = [(name, name) for name in place.model_choices()]
    if len(place.model_choices(pretrained=False)) > 1:
        choices.append((texts("timeline.all"), ALL))
    first = choices[0][1] if choices else None
    with gr.Row():
        model = gr.Dropdown(choices, value=first, label=texts("timeline.model"))
        every = gr.Radio(
            [(texts(f"timeline.{key}"), seconds) for key, seconds in EVERY],
            value=END_TO_END,
            label=texts("timeline.every"),
        )
    drop = place.drop("gs-timeline-drop")
    run = gr.Button(texts("timeline.run"), variant="primary")
    progress = gr.HTML(padding=True)
    words = gr.HTML(
        f"<p class='gs-note gs-empty'>{texts('timeline.empty')}</p>", elem_id="gs-timeline-words"
    )
    picture = place.course("gs-timeline-picture")
    key = gr.HTML()
    segments = gr.HTML(elem_id="gs-timeline-segments")
    saves = place.saves("gs-timeline-saves", "gs-timeline-picture")

    def answer(value: Any, name: str | None, seconds: float) -> Iterator[Any]:
        sounds = arrived(value)
        yield from tell_work(
            place,
            lambda: _asked(place, sounds, name, seconds),
            texts("timeline.working"),
            lambda found: _shown(place, found, sounds),
            ["", None, "", "", None],
        )

    drop.submit(
        answer,
        [drop, model, every],
        [progress, words, picture, key, segments, saves],
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="always_last",
    )
    again = "() => Genrescope.again('gs-timeline-drop')"
    run.click(None, js=again, api_visibility="private")


def _asked(
    place: Place, sounds: list[Arrived], name: str | None, seconds: float
) -> Iterator[Course | None]:
    names = place.model_choices(pretrained=False) if name == ALL else [name] if name else []
    question = WhenQuestion(tuple(names), seconds or None)
    upload = take(place, sounds)
    return wait_for(
        place.studio,
        upload,
        lambda watch: ask_course(
            place.studio, upload.file, question, label=upload.label, watch=watch
        ),
    )


def _shown(place: Place, course_found: Course, sounds: list[Arrived]) -> list[Any]:
    texts, (found, overview) = place.texts, course_found
    card = place.studio.card(found.models[0])
    rows = timeline_rows(found)
    words, key = course.words(found, card, texts), course.key(found, card, texts)
    segments = course.segments(found, card, texts)
    still = course.payload(found, overview, card, texts, live=False)
    source = found.predictions[0].source
    saved = {
        "name": f"{file_stem(source)}-timeline",
        "json": json.dumps(plain_timeline(found), ensure_ascii=False, indent=1),
        **as_texts(list(rows[0]), [list(row.values()) for row in rows]),
        "report": course_report(found, overview, card, texts),
    }
    return [words, heard({**still, "live": True}, sounds), key, segments, saved]
