"""Why and when, asked of a `Studio`: explanations, changed sound and timelines, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from genrescope.apps.serving.studio import Studio
from genrescope.apps.serving.watch import Watch
from genrescope.apps.tiles import Columns, draw_overview
from genrescope.audio import AudioSource, BandPass, BandStop, Change, Gap, WindowChoice
from genrescope.classification.classifier import Classifier
from genrescope.classification.timeline import trace
from genrescope.explain import methods
from genrescope.explain.change import Moved, classify_changed, hear_changed, to_file
from genrescope.explain.explainer import explain
from genrescope.types import AudioError, Explanation, GenrescopeError, Timeline, refuse


@dataclass(frozen=True, slots=True)
class WhyQuestion:
    """What is to be explained.

    Attributes
    ----------
    models : tuple of str
        Names; ``all`` for every usable model, none for the default.
    genre : str, optional
        Each model's first choice by default.
    method : str
        Checked when it is made.
    changes : tuple of Change
        Whose effect is to be shown, too.
    start, duration : float
        The stretch to look at, in seconds; to the end by default.
    """

    models: tuple[str, ...] = ()
    genre: str | None = None
    method: str = "occlusion"
    changes: tuple[Change, ...] = ()
    start: float = 0.0
    duration: float | None = None

    def __post_init__(self) -> None:
        methods.load(self.method)


@dataclass(frozen=True, slots=True, eq=False)
class WhyAnswer:
    """Explanations, one a model, and what the changes did, if any were asked for."""

    explanations: tuple[Explanation, ...]
    moved: Moved | None


def read_changes(
    mute_band: Sequence[float] = (),
    mute_time: Sequence[float] = (),
    keep_band: Sequence[float] = (),
    cleaning: Sequence[Change] = (),
) -> tuple[Change, ...]:
    """Changes from pairs of numbers, an empty pair is none; clean-up comes first.

    Raises
    ------
    AudioError
        If one is no pair, or its numbers make no sense.
    """
    found: list[Change] = list(cleaning)
    kinds: tuple[type[BandPass | BandStop | Gap], ...] = (BandPass, BandStop, Gap)
    for kind, span in zip(kinds, (keep_band, mute_band, mute_time), strict=True):
        refuse(len(span) not in (0, 2), "a band or a stretch is two numbers", AudioError)
        if span:
            found.append(kind(*span))
    return tuple(found)


def ask_changed(
    studio: Studio, source: AudioSource, question: WhyQuestion, *, label: str, watch: Watch
) -> Future[bytes]:
    """Have a recording changed and given as the bytes of a FLAC file; errors as of `ask_why`."""

    def work(watch: Watch) -> bytes:
        with studio.workbench.sound(source, label, watch) as file:
            heard = hear_changed(
                file, question.changes, start=question.start, duration=question.duration
            )
        watch.check()
        return to_file(heard, "FLAC")

    return studio.submit(work, watch=watch)


def ask_why(
    studio: Studio, source: AudioSource, question: WhyQuestion, *, label: str, watch: Watch
) -> Future[WhyAnswer]:
    """Have a recording explained when its turn comes.

    Raises
    ------
    BusyError, ModelNotFoundError
        At once; whatever else goes wrong the future raises.
    """
    names = studio.shelf.names(question.models)
    start, duration = question.start, question.duration

    def work(watch: Watch) -> WhyAnswer:
        models, _ = studio.workbench.models(names, watch)
        with studio.workbench.sound(source, label, watch) as file:
            found = tuple(
                explain(
                    model,
                    file,
                    genre=question.genre,
                    method=question.method,
                    start=start,
                    duration=duration,
                    tell=tell,
                )
                for model in models
            )
            if not question.changes:
                return WhyAnswer(found, None)
            moved = classify_changed(
                Classifier(models),
                file,
                question.changes,
                start=start,
                duration=duration,
                tell=tell,
            )
        return WhyAnswer(found, moved)

    def tell(_: float, __: float | None) -> None:
        watch.check()

    return studio.submit(work, watch=watch)


@dataclass(frozen=True, slots=True)
class WhenQuestion:
    """What is to be followed.

    Attributes
    ----------
    models : tuple of str
        Names; ``all`` for every usable model, none for the default.
    every : float, optional
        Seconds from window to window, in [0.5, 60]; checked when it is made.
    start, duration : float
        The stretch to look at, in seconds; to the end by default.
    changes : tuple of Change
        Made to the sound first.
    """

    models: tuple[str, ...] = ()
    every: float | None = None
    start: float = 0.0
    duration: float | None = None
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        if self.every is not None:
            WindowChoice("every", seconds=self.every)


def ask_when(
    studio: Studio, source: AudioSource, question: WhenQuestion, *, label: str, watch: Watch
) -> Future[Timeline]:
    """Have models followed through a recording when the turn comes; errors as of `ask_why`."""
    names = _names_together(studio, question.models)

    def work(watch: Watch) -> Timeline:
        with studio.workbench.sound(source, label, watch) as file:
            return _follow(studio, names, file, question, watch)

    return studio.submit(work, watch=watch)


def ask_course(
    studio: Studio, source: AudioSource, question: WhenQuestion, *, label: str, watch: Watch
) -> Future[tuple[Timeline, Columns]]:
    """As `ask_when`, and the sound drawn as a whole, in the same turn."""
    names = _names_together(studio, question.models)

    def work(watch: Watch) -> tuple[Timeline, Columns]:
        with studio.workbench.sound(source, label, watch) as file:
            found = _follow(studio, names, file, question, watch)
        watch.check()
        with studio.workbench.sound(source, label, watch) as file:
            seconds, start = found.predictions[0].seconds, question.start
            return found, draw_overview(file, seconds, start, question.duration, question.changes)

    return studio.submit(work, watch=watch)


def _names_together(studio: Studio, models: Sequence[str]) -> tuple[str, ...]:
    names = studio.shelf.names(models)
    known = {tuple(sorted(studio.card(name).labels)) for name in names}
    words = (
        "these models know different labels and make no timeline together: ask for them one by one"
    )
    refuse(len(known) > 1, words, GenrescopeError)
    return names


def _follow(
    studio: Studio, names: Sequence[str], file: AudioSource, question: WhenQuestion, watch: Watch
) -> Timeline:
    ready, _ = studio.workbench.models(names, watch)

    def tell(_: float, __: float | None) -> None:
        watch.check()

    return trace(
        Classifier(ready),
        file,
        every=question.every,
        start=question.start,
        duration=question.duration,
        tell=tell,
        changes=question.changes,
    )
