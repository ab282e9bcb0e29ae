"""From a recording to an `Explanation`: the line, once more, and then why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from genrescope.audio import AudioSource, Change, Recording, listen
from genrescope.classification.drawing import Drawn, Heard, Tell, draw_spans
from genrescope.classification.looking import Model, Tally, conclude, look_at
from genrescope.explain import methods
from genrescope.spectrogram.picture import resize
from genrescope.types import Explanation, FloatArray, GenrescopeError, ModelCard, Notice


def explain(
    model: Model,
    source: AudioSource,
    *,
    genre: str | None = None,
    method: str = "occlusion",
    start: float = 0.0,
    duration: float | None = None,
    changes: Sequence[Change] = (),
    tell: Tell | None = None,
) -> Explanation:
    """Say where a model's evidence for a genre lies in a recording.

    Parameters
    ----------
    model : Model
    source : path or binary file
    genre : str, optional
        A label of the model's; its first choice by default.
    method : str
        One of `genrescope.explain.methods.names`.
    start, duration : float
        The stretch to look at, in seconds. Only its first span is explained, 30 s by our
        recipes, whose windows share one loudest sound; a notice says so.
    changes : sequence of Change
        Made to the sound first; see `genrescope.audio.changes`.
    tell : callable, optional
        Hears of progress in decoding.

    Returns
    -------
    Explanation

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    GenrescopeError
        If the model does not know the genre, or the method cannot explain the model.
    """
    way = methods.load(method)
    card = model.card
    place = None if genre is None else _place_of(card, genre)
    tally = Tally()
    spec = card.spectrogram
    with listen(
        source,
        start=start,
        duration=duration,
        window_seconds=spec.window_seconds,
        changes=changes,
    ) as recording:
        drawn = next(draw_spans(recording, [spec], tell=tell))
        recording.check_audible()  # as far as it was heard
        windows = drawn.windows()
        seen = look_at(drawn, model, tally, windows)
        notices = (*recording.notices, *_cut_short(recording, drawn, duration))
        name = recording.name
    columns = drawn.window_columns[-1] + spec.frames
    seconds = columns * spec.hop_length / spec.sample_rate
    heard = Heard(name, min(seconds, recording.seconds), notices)
    prediction = conclude(card, tally, heard)
    if place is None:
        place = int(prediction.probabilities.argmax())
    found = way.find(model, windows, seen, place)
    picture = drawn.spectrogram
    at = drawn.window_columns
    by_time = _laid(_spread(found.by_time, spec.frames)[:, None], at, columns)[0]
    return Explanation(
        label=card.labels[place],
        method=method,
        evidence=_laid(enlarge(found.cells, spec.bands, spec.frames), at, columns),
        by_band=_spread(found.by_band, spec.bands).mean(axis=0),
        by_time=by_time,
        cells=found.cells,
        bias=found.bias,
        spectrogram=replace(picture, values=picture.values[:, :columns]),
        prediction=prediction,
    )


def _place_of(card: ModelCard, genre: str) -> int:
    for place, label in enumerate(card.labels):
        if label.casefold() == genre.casefold():
            return place
    known = ", ".join(card.labels)
    raise GenrescopeError(f"{card.name} does not know {genre!r}; it knows: {known}")


def _cut_short(recording: Recording, drawn: Drawn, duration: float | None) -> tuple[Notice, ...]:
    spec = drawn.spectrogram.spec
    window = spec.frames * spec.hop_length / spec.sample_rate
    end = drawn.window_starts[-1] + window
    stated = recording.info.seconds or 0.0
    wanted = stated if duration is None else min(stated, recording.start + duration)
    if wanted - end < window / 2:
        return ()
    words = f"explained: {drawn.window_starts[0]:.1f} to {end:.1f} s; choose a later start for more"
    return (Notice("part", words, round(end, 3)),)


def enlarge(cells: FloatArray, bands: int, frames: int) -> FloatArray:
    """Cells at the size of a window, bilinear as in the paper on CAM.

    Parameters
    ----------
    cells : ndarray of float32, shape (n, rows, columns)
    bands, frames : int

    Returns
    -------
    ndarray of float32, shape (n, bands, frames)
    """
    return resize(cells, bands, frames)


def _spread(strips: FloatArray, size: int) -> FloatArray:
    """Strips (n, strips) as steps over `size` bands or columns."""
    count = strips.shape[1]
    return np.repeat(strips, np.diff(np.arange(count + 1) * size // count), axis=1)


def _laid(values: FloatArray, columns: tuple[int, ...], total: int) -> FloatArray:
    """Windows (n, rows, frames) laid over one picture of `total` columns; overlaps are averaged."""
    laid = np.zeros((values.shape[1], total), dtype=np.float64)
    depth = np.zeros(total)
    for window, column in zip(values, columns, strict=True):
        laid[:, column : column + values.shape[2]] += window
        depth[column : column + values.shape[2]] += 1
    averaged: FloatArray = (laid / np.maximum(depth, 1)).astype(np.float32)
    return averaged
