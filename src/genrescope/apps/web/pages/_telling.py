"""What pages have in common: a sound's steps told as they happen, what is saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from genrescope.apps.results import to_plain
from genrescope.apps.serving import Progress, Question, Upload
from genrescope.apps.web.asking import Looked, look_at, predictions_of
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import complaint, ticks
from genrescope.apps.web.pages._place import Place
from genrescope.apps.web.texts import Texts
from genrescope.types import Comparison, GenrescopeError, Prediction

T = TypeVar("T")
STEPS = ("arrived", "decoding", "networks", "drawing", "done")


def tell_steps(
    place: Place,
    find: Callable[[], Upload],
    question: Question,
    show: Callable[[Place, Looked], list[Any]],
    blank: Sequence[Any],
) -> Iterator[list[Any]]:
    """Values of a page's components, again and again until a sound has been looked at.

    Parameters
    ----------
    place : Place
    find : callable
        Gives the sound, or raises `GenrescopeError`.
    question : Question
    show : callable
        What the components show in the end, but for the steps, which come first.
    blank : sequence
        What they show where something went wrong.
    """
    texts = place.texts
    keep = [gr.skip()] * len(blank)
    try:
        for told in look_at(place.studio, find(), question):
            if isinstance(told, Looked):
                yield [ticks(step_states("done", texts)), *show(place, told)]
            else:
                yield [ticks(step_states(step_of(told), texts)), *keep]
    except GenrescopeError as error:
        yield [complaint(texts.error(error)), *blank]
    except Exception:  # a fault of ours: said on the page, and raised for the log
        yield [complaint(texts("error.internal")), *blank]
        raise


def tell_work(
    place: Place,
    work: Callable[[], Iterator[T | None]],
    saying: str,
    show: Callable[[T], list[Any]],
    blank: Sequence[Any],
) -> Iterator[list[Any]]:
    """As `tell_steps`, for work of one step: what `wait_for` gives.

    Parameters
    ----------
    place : Place
    work : callable
        Begins it, or raises `GenrescopeError`.
    saying : str
        What is being done.
    show, blank
        As for `tell_steps`.
    """
    texts = place.texts
    arrived, done = texts("analyse.arrived"), texts("analyse.done")
    keep = [gr.skip()] * len(blank)
    yield [ticks([(arrived, "done"), (saying, "now"), (done, "later")]), *keep]
    try:
        for told in work():
            if told is None:
                yield [gr.skip(), *keep]
            else:
                shown = show(told)
                yield [ticks([(step, "done") for step in (arrived, saying, done)]), *shown]
    except GenrescopeError as error:
        yield [complaint(texts.error(error)), *blank]
    except Exception:  # a fault of ours: said on the page, and raised for the log
        yield [complaint(texts("error.internal")), *blank]
        raise


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


def saves_of(result: Prediction | Comparison) -> dict[str, str]:
    """What can be saved of a result: its name for a file, and its JSON."""
    plain = json.dumps(to_plain(result, per_window=True), ensure_ascii=False, indent=1)
    return {"name": file_stem(predictions_of(result)[0].source), "json": plain}


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
