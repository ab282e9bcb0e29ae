"""One sound from its arrival to everything that a page shows of it, told step by step."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from genrescope.apps.serving import Answer, Progress, Question, Studio, Upload
from genrescope.apps.views import View
from genrescope.apps.web.pictures import Seen, draw_for_page, show_seen, sound_info
from genrescope.audio import SoundInfo
from genrescope.types import Comparison, ModelCard, Prediction

T = TypeVar("T")
TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Everything that a page shows of one recording.

    Attributes
    ----------
    answer : Answer
    info : SoundInfo
        Of the file.
    views : dict of str to View
        A spectrogram for people by kind, in the order of the models.
    seen : dict of str to Seen
        What each model was shown, by model.
    """

    answer: Answer
    info: SoundInfo
    views: dict[str, View]
    seen: dict[str, Seen]

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """One a model."""
        return predictions_of(self.answer.result)


def predictions_of(result: Prediction | Comparison) -> tuple[Prediction, ...]:
    """One prediction a model."""
    return result.predictions if isinstance(result, Comparison) else (result,)


def look_at(
    studio: Studio, upload: Upload, question: Question, *, draw: bool = True
) -> Iterator[Progress | Looked]:
    """Have a sound looked at; gives progress, and at the end everything that came of it.

    The upload is closed when the iterator ends, however it ends; and where nobody goes on
    asking it for progress, the work stops.

    Parameters
    ----------
    studio : Studio
    upload : Upload
    question : Question
    draw : bool
        Whether pictures for people are drawn; `Looked` is without them otherwise.

    Raises
    ------
    GenrescopeError
        As `Studio.ask`.
    """
    watch = studio.watch()
    told: SimpleQueue[Progress] = SimpleQueue()
    with upload:
        try:
            asked = studio.ask(
                upload.file, question, label=upload.label, watch=watch, tell=told.put
            )
            yield from _until_done(asked, told)
            answer = asked.result()
            if not draw:
                yield Looked(answer, sound_info(upload.file), {}, {})
                return
            yield Progress("looking", answer_seconds(answer), None, "")
            cards = [studio.card(one.model) for one in predictions_of(answer.result)]
            drawn = studio.submit(lambda _: _draw(upload, answer, cards), watch=watch)
            yield from _until_done(drawn, told)
            yield drawn.result()
        finally:
            watch.stop()


def answer_seconds(answer: Answer) -> float:
    """Length of the sound that was looked at."""
    return predictions_of(answer.result)[0].seconds


def _until_done(asked: Future[T], told: SimpleQueue[Progress]) -> Iterator[Progress]:
    last: Progress | None = None
    while True:
        try:
            asked.exception(timeout=TICK_SECONDS)
            return
        except NotYet:
            newest = _newest(told)
            if newest is not None and newest != last:
                last = newest
                yield newest


def _newest(told: SimpleQueue[Progress]) -> Progress | None:
    newest = None
    while True:
        try:
            newest = told.get_nowait()
        except Empty:
            return newest


def _draw(upload: Upload, answer: Answer, cards: list[ModelCard]) -> Looked:
    views: dict[str, View] = {}
    seen: dict[str, Seen] = {}
    known: dict[object, Seen] = {}
    for card in cards:
        kind = card.spectrogram.kind
        if kind not in views:
            views[kind] = draw_for_page(upload.file, kind, answer_seconds(answer))
        key = (card.spectrogram, card.picture)
        if key not in known:
            known[key] = show_seen(upload.file, card)
        seen[card.name] = known[key]
    return Looked(answer, sound_info(upload.file), views, seen)
