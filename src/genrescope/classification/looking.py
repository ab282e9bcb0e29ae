"""The line's second half: `Spectrogram` → picture → logits → `Prediction`, for one model."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genrescope import models as zoo
from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.drawing import Drawn, Heard
from genrescope.classification.music import music_confidence, music_scores
from genrescope.classification.pool import pool_logits
from genrescope.models.engines import Engine, Outputs, open_engine
from genrescope.models.file import ModelFile
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import AudioError, FloatArray, ModelCard, Prediction, refuse


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A card with the engine that runs its network."""

    card: ModelCard
    engine: Engine
    digest: str = ""
    """SHA-256 of the file that both came from, where they came from one."""
    path: str = ""
    """Where that file lies."""


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
        Names or paths, or one of them; ``all`` stands for every usable model that was trained
        from scratch; none for the default. A model that others trained takes part only where it
        is named.
    engine, device : str, optional
        See `genrescope.models.engines`.

    Raises
    ------
    ModelError
        If one is not there, is not in order, or nothing here can run it.
    """
    return tuple(_open(file, engine, device) for file in _files(names))


def _files(names: Sequence[str]) -> tuple[ModelFile, ...]:
    names = (names,) if isinstance(names, str) else names
    return tuple(zoo.find(name) for name in zoo.spell_out(names) or zoo.default_models())


def _open(file: ModelFile, engine: str | None = None, device: str | None = None) -> Model:
    return Model(file.card, open_engine(file, engine, device), file.sha256, str(file.path))


class Keeper:
    """Keeps the models that were asked for last, so that asking again takes no time."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._models: tuple[Model, ...] = ()
        self._lock = threading.Lock()

    def models(self, names: Sequence[str] = ()) -> tuple[Model, ...]:
        """As `load_models`; loaded anew for other names, other files and in a forked process."""
        files = _files(names)
        key = (os.getpid(), *((file.path, file.sha256) for file in files))
        with self._lock:
            if key != self._key:
                self._models = ()  # never two selections in memory at once
                self._key = ()
                self._models = tuple(_open(file) for file in files)
                self._key = key
            return self._models


KEPT = Keeper()
"""What `genrescope.classify` looks with."""


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
