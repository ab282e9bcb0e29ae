"""One sound from its arrival to everything that a page shows of it, told step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TypeVar

from genrescope.apps.serving import Answer, Progress, Question, Studio, Upload, Watch
from genrescope.apps.views import View
from genrescope.apps.web.pictures import Seen, draw_for_page, show_seen, sound_info
from genrescope.audio import AudioSource, Change, SoundInfo
from genrescope.types import Comparison, ModelCard, Prediction

T = TypeVar("T")
TICK_SECONDS = 0.1
SIGN_SECONDS = 1.0


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
    before : Looked, optional
        The same of the sound as it is, where it was changed first.
    """

    answer: Answer
    info: SoundInfo
    views: dict[str, View]
    seen: dict[str, Seen]
    before: Looked | None = None

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """One a model."""
        return predictions_of(self.answer.result)


def predictions_of(result: Prediction | Comparison) -> tuple[Prediction, ...]:
    """One prediction a model."""
    return result.predictions if isinstance(result, Comparison) else (result,)


def ask_about(studio: Studio, upload: Upload, question: Question) -> Iterator[Progress | Answer]:
    """Have a sound looked at; gives progress, and at the end the answer.

    The upload is closed when the iterator ends, however it ends; and where nobody goes on
    asking it for progress, the work stops.

    Parameters
    ----------
    studio : Studio
    upload : Upload
    question : Question

    Raises
    ------
    GenrescopeError
        As `Studio.ask`.
    """
    watch = studio.watch()
    with upload:
        try:
            yield from _answered(studio, upload, question, watch)
        finally:
            watch.stop()


def look_at(studio: Studio, upload: Upload, question: Question) -> Iterator[Progress | Looked]:
    """As `ask_about`, and at the end with everything that a page shows of it.

    Where the question changes the sound, it is looked at as it is first, and then changed.
    """
    watch = studio.watch()
    questions = [question]
    if question.changes:
        questions.insert(0, replace(question, changes=()))
    before: Looked | None = None
    with upload:
        try:
            for asked in questions:
                for told in _shown(studio, upload, asked, watch):
                    if not isinstance(told, Looked):
                        yield told
                    elif asked is question:
                        yield replace(told, before=before)
                    else:
                        before = told
        finally:
            watch.stop()


def _shown(
    studio: Studio, upload: Upload, question: Question, watch: Watch
) -> Iterator[Progress | Looked]:
    for told in _answered(studio, upload, question, watch):
        if isinstance(told, Answer):
            yield from _drawn(studio, upload, told, question, watch)
        else:
            yield told


def wait_for(
    studio: Studio, upload: Upload, ask: Callable[[Watch], Future[T]]
) -> Iterator[T | None]:
    """Have any other question about a sound answered; gives the answer at the end.

    Until then it gives None every `SIGN_SECONDS`: a page that was left is noticed there. The
    upload is closed as by `ask_about`.

    Parameters
    ----------
    studio : Studio
    upload : Upload
    ask : callable
        Asks the studio, under the watch that it is given.
    """
    watch = studio.watch()
    with upload:
        try:
            asked = ask(watch)
            while True:
                try:
                    asked.exception(timeout=SIGN_SECONDS)
                    break
                except NotYet:
                    yield None
            yield asked.result()
        finally:
            watch.stop()


def _answered(
    studio: Studio, upload: Upload, question: Question, watch: Watch
) -> Iterator[Progress | Answer]:
    told: SimpleQueue[Progress] = SimpleQueue()
    asked = studio.ask(upload.file, question, label=upload.label, watch=watch, tell=told.put)
    yield from _until_done(asked, told)
    yield asked.result()


def _drawn(
    studio: Studio, upload: Upload, answer: Answer, question: Question, watch: Watch
) -> Iterator[Progress | Looked]:
    yield Progress("looking", answer_seconds(answer), None, "")
    cards = [studio.card(one.model) for one in predictions_of(answer.result)]
    changes = question.changes
    drawn = studio.submit(
        lambda own: _draw(studio, upload, answer, cards, changes, own), watch=watch
    )
    yield from _until_done(drawn, SimpleQueue())
    yield drawn.result()


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


def _draw(
    studio: Studio,
    upload: Upload,
    answer: Answer,
    cards: list[ModelCard],
    changes: tuple[Change, ...],
    watch: Watch,
) -> Looked:
    with studio.workbench.sound(upload.file, upload.label, watch) as sound:
        return _draw_all(sound, answer, cards, changes)


def _draw_all(
    sound: AudioSource, answer: Answer, cards: list[ModelCard], changes: tuple[Change, ...]
) -> Looked:
    views: dict[str, View] = {}
    seen: dict[str, Seen] = {}
    known: dict[object, Seen] = {}
    for card in cards:
        kind = card.spectrogram.kind
        if kind not in views:
            views[kind] = draw_for_page(sound, kind, answer_seconds(answer), changes)
        key = (card.spectrogram, card.picture)
        if key not in known:
            known[key] = show_seen(sound, card, changes)
        seen[card.name] = known[key]
    return Looked(answer, sound_info(sound), views, seen)
