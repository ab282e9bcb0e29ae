"""The line: file → `Waveform` → windows → `Spectrogram` → picture → logits → `Prediction`.

It stands here once. The command line, batch runs and evaluation call it, and nothing writes a
step of it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genrescope import models as zoo
from genrescope import spectrogram
from genrescope.audio import ALL_WINDOWS, AudioSource, Change, Recording, Span, WindowChoice, listen
from genrescope.classification.agreement import compare
from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.music import music_confidence, music_scores
from genrescope.classification.pool import pool_logits
from genrescope.models.engines import Engine, Outputs, open_engine
from genrescope.spectrogram.picture import draw_picture, unit_values
from genrescope.types import (
    AudioError,
    Comparison,
    FloatArray,
    ModelCard,
    ModelError,
    Notice,
    Prediction,
    Spectrogram,
    SpectrogramSpec,
    refuse,
)

Tell = Callable[[float, float | None], None]
"""Called with the seconds heard so far, and the length in seconds where the file states one."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A card with the engine that runs its network."""

    card: ModelCard
    engine: Engine
    digest: str = ""
    """SHA-256 of the file that both came from, where they came from one."""
    path: str = ""
    """Where that file lies."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One span as drawn by one recipe, and the windows of it that are looked at.

    Attributes
    ----------
    spectrogram : Spectrogram
    window_columns : tuple of int
        First column of every window.
    window_starts : tuple of float
        The same in seconds of the source.
    """

    spectrogram: Spectrogram
    window_columns: tuple[int, ...]
    window_starts: tuple[float, ...]

    def windows(self) -> FloatArray:
        """The windows in [0, 1], shape (windows, bands, frames)."""
        spec, values = self.spectrogram.spec, self.spectrogram.values
        cut = [values[:, column : column + spec.frames] for column in self.window_columns]
        return unit_values(np.stack(cut), spec)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a recording once all that is wanted of it was listened to.

    Attributes
    ----------
    source : str
        What the sound was read from, for people.
    seconds : float
        Of the whole recording, or of the stretch that was asked for.
    notices : tuple of Notice
    """

    source: str
    seconds: float
    notices: tuple[Notice, ...]


@dataclass(slots=True, eq=False)
class Tally:
    """What one model has seen of one recording so far.

    Attributes
    ----------
    logits : list of ndarray of float32, shape (windows, genres)
    starts : list of float
        Of every window, in seconds of the source.
    music : list of ndarray of float32, shape (windows,)
        Scores of the card's gauge, where it has one.
    described : ndarray of float64, shape (features,), or None
        Sum of the windows' embeddings, where the network gives them.
    """

    logits: list[FloatArray] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    music: list[FloatArray] = field(default_factory=list)
    described: NDArray[np.float64] | None = None


def load_models(
    names: Sequence[str] = (), engine: str | None = None, device: str | None = None
) -> tuple[Model, ...]:
    """Find model files by name and make their networks ready.

    Parameters
    ----------
    names : sequence of str
        Names or paths; ``all`` stands for every usable model that was trained from scratch;
        none for the default. A model that others trained takes part only where it is named.
    engine, device : str, optional
        See `genrescope.models.engines`.

    Raises
    ------
    ModelError
        If one is not there, is not in order, or nothing here can run it.
    """
    files = [zoo.find(name) for name in zoo.spell_out(names) or zoo.default_models()]
    return tuple(
        Model(file.card, open_engine(file, engine, device), file.sha256, str(file.path))
        for file in files
    )


class Classifier:
    """Several models, ready to look at one recording after another.

    Parameters
    ----------
    models : sequence of Model
        At least one, with names that differ.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        names = [model.card.name for model in models]
        refuse(not names, "no model to classify with", ModelError)
        refuse(len(set(names)) != len(names), f"a model stands twice in {names}", ModelError)
        self.models = tuple(models)

    def classify(
        self,
        source: AudioSource,
        *,
        windows: WindowChoice = ALL_WINDOWS,
        start: float = 0.0,
        duration: float | None = None,
        tell: Tell | None = None,
        changes: Sequence[Change] = (),
    ) -> Prediction | Comparison:
        """Say what genre a recording is: one model's `Prediction`, or several's `Comparison`.

        Parameters
        ----------
        source : path or binary file
        windows : WindowChoice
        start, duration : float
            The stretch to look at, in seconds; to the end by default.
        tell : callable, optional
            Hears of progress.
        changes : sequence of Change
            Made to the sound first; the result's notices keep them.

        Raises
        ------
        AudioError
            If the source is no sound, or holds none.
        """
        sitting = self.sit()
        drawing = draw_source(
            source, self.specs, windows, stretch=(start, duration), tell=tell, changes=changes
        )
        for piece in drawing:
            sitting.take(piece)
        return sitting.conclude()

    @property
    def specs(self) -> tuple[SpectrogramSpec, ...]:
        """The recipes that the models need, each once."""
        return tuple(dict.fromkeys(model.card.spectrogram for model in self.models))

    def sit(self) -> Sitting:
        """Ready the networks for one recording, wherever its pieces are drawn."""
        return Sitting(self.models)


class Sitting:
    """One recording before the networks: pieces of `draw_source` in, a belief out.

    Parameters
    ----------
    models : sequence of Model
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)
        self._tallies = {model.card.name: Tally() for model in models}
        self._heard: Heard | None = None

    def take(self, piece: Drawn | Heard) -> None:
        """Show a piece to every network that its recipe is for.

        Raises
        ------
        EngineError
            If a network cannot be run.
        """
        if isinstance(piece, Heard):
            self._heard = piece
            return
        for model in self._models:
            if model.card.spectrogram == piece.spectrogram.spec:
                look_at(piece, model, self._tallies[model.card.name])

    def conclude(self) -> Prediction | Comparison:
        """What the networks believe, once the last piece was taken.

        Raises
        ------
        AudioError
            If no window could be cut from the recording, or it was not heard to its end.
        """
        if self._heard is None:
            raise AudioError("the recording was not heard to its end")
        predictions = [
            conclude(model.card, self._tallies[model.card.name], self._heard)
            for model in self._models
        ]
        return predictions[0] if len(predictions) == 1 else compare(predictions)


def draw_source(
    source: AudioSource,
    specs: Sequence[SpectrogramSpec],
    windows: WindowChoice = ALL_WINDOWS,
    *,
    stretch: tuple[float, float | None] = (0.0, None),
    tell: Tell | None = None,
    changes: Sequence[Change] = (),
) -> Iterator[Drawn | Heard]:
    """The half of the line before the networks: needs no model, and may run in another process.

    Parameters
    ----------
    source : path or binary file
    specs : sequence of SpectrogramSpec
    windows : WindowChoice
    stretch : (float, float or None)
        Start and duration in seconds.
    tell : callable, optional
        Hears of progress.
    changes : sequence of Change
        Made to the sound first.

    Yields
    ------
    Drawn or Heard
        Spans as `draw_spans` draws them, and `Heard` once, last.

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    """
    start, duration = stretch
    shortest = min(spec.window_seconds for spec in specs)
    with listen(
        source, start=start, duration=duration, window_seconds=shortest, changes=changes
    ) as recording:
        yield from draw_spans(recording, specs, windows, tell)
        yield Heard(recording.name, recording.whole_seconds, recording.notices)


def draw_spans(
    recording: Recording,
    specs: Sequence[SpectrogramSpec],
    windows: WindowChoice = ALL_WINDOWS,
    tell: Tell | None = None,
) -> Iterator[Drawn]:
    """Decode once, resample once a rate, and draw every span once a recipe.

    Raises
    ------
    AudioError
        If nothing in the recording can be heard.
    """
    chains = recording.chains(specs, windows)

    def drawn(spans: Sequence[tuple[SpectrogramSpec, Span]]) -> Iterator[Drawn]:
        for spec, span in spans:
            picture = spectrogram.draw(span.waveform, spec)
            yield Drawn(picture, span.window_columns, span.window_starts(spec))

    for block in recording.blocks():
        yield from drawn(chains.push(block))
        if tell is not None:
            tell(recording.seconds, recording.info.seconds)
        if chains.done:
            break
    recording.check_audible()
    yield from drawn(chains.finish())


def look(model: Model, windows: FloatArray) -> FloatArray:
    """Windows in [0, 1] to a network's logits: picture, then engine.

    Parameters
    ----------
    model : Model
    windows : ndarray of float32, shape (n, bands, frames)

    Returns
    -------
    ndarray of float32, shape (n, genres)
    """
    return see(model, windows).logits


def see(model: Model, windows: FloatArray) -> Outputs:
    """As `look`, with the class activation map where the model's file gives one."""
    return model.engine.run(draw_picture(windows, model.card.picture))


def look_at(drawn: Drawn, model: Model, tally: Tally, windows: FloatArray | None = None) -> Outputs:
    """Have a model look at a span, and keep what comes of it in `tally`.

    `windows` are the span's, where they are at hand.
    """
    windows = drawn.windows() if windows is None else windows
    seen = see(model, windows)
    tally.logits.append(seen.logits)
    tally.starts.extend(drawn.window_starts)
    if seen.embedding is not None:
        added = seen.embedding.sum(axis=0, dtype=np.float64)
        tally.described = added if tally.described is None else tally.described + added
    if model.card.music is not None:
        tally.music.append(music_scores(model.card.music, seen.logits, windows))
    return seen


def conclude(card: ModelCard, tally: Tally, heard: Heard) -> Prediction:
    """What a model believes of a recording, of which it has seen what is in `tally`.

    Raises
    ------
    AudioError
        If it has seen nothing.
    """
    refuse(not tally.logits, f"{heard.source}: no window could be cut from it", AudioError)
    logits = np.concatenate(tally.logits)
    return Prediction(
        labels=card.labels,
        probabilities=apply_temperature(pool_logits(logits), card.temperature),
        per_window=apply_temperature(logits, card.temperature),
        window_starts=tuple(tally.starts),
        model=card.name,
        calibrated=card.temperature != 1.0,
        source=heard.source,
        seconds=heard.seconds,
        notices=heard.notices,
        music=music_confidence(np.concatenate(tally.music)) if tally.music else None,
        pretrained=bool(card.pretrained),
        embedding=_mean_embedding(tally),
        window_seconds=card.spectrogram.window_samples / card.spectrogram.sample_rate,
    )


def _mean_embedding(tally: Tally) -> FloatArray | None:
    """The mean over windows; None where there is none, or it is no number."""
    if tally.described is None or not np.isfinite(tally.described).all():
        return None
    mean: FloatArray = (tally.described / len(tally.starts)).astype(np.float32)
    return mean
