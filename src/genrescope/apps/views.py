"""Spectrograms for people, and the picture that a network is shown: what every door draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from genrescope import models, spectrogram
from genrescope.audio import AudioSource, Change, listen, parse_windows
from genrescope.classification.drawing import draw_spans
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    FloatArray,
    GenrescopeError,
    ModelCard,
    Spectrogram,
    SpectrogramKind,
    Waveform,
)

VIEW_HOP = 512
LONGEST_SECONDS = 600.0
MORE_SECONDS = 1.0
"""Heard beyond what is drawn: it tells whether there is more where a file states no length."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A spectrogram for looking at.

    Attributes
    ----------
    spectrogram : Spectrogram
    whole : bool
        Whether it reaches to the end of what was asked for; else it was cut at `longest_seconds`.
    longest_seconds : float
    """

    spectrogram: Spectrogram
    whole: bool
    longest_seconds: float


def draw_view(
    source: AudioSource,
    kind: SpectrogramKind = "mel",
    *,
    hop: int = VIEW_HOP,
    start: float = 0.0,
    duration: float | None = None,
    longest: float = LONGEST_SECONDS,
    changes: Sequence[Change] = (),
) -> View:
    """Draw a stretch of a recording by our recipe of that kind, at a finer hop.

    Parameters
    ----------
    source : str, path or binary file
    kind : {'mel', 'cqt'}
    hop : int
        Samples at 22 050 Hz from column to column.
    start, duration : float
        The stretch, in seconds; to the end by default.
    longest : float
        Seconds that are drawn at most.
    changes : sequence of Change
        Made to the sound first.

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    """
    spec = replace(GENRESCOPE_MEL if kind == "mel" else GENRESCOPE_CQT, hop_length=hop)
    cut = duration is None or duration > longest
    seconds = longest + MORE_SECONDS if cut or duration is None else duration
    with listen(source, start=start, duration=seconds, changes=changes) as recording:
        samples = np.concatenate(list(recording.resampled(spec.sample_rate)))
        name, begin = recording.name, recording.start
    most = round(longest * spec.sample_rate)
    whole = not cut or samples.size < most + spec.sample_rate * MORE_SECONDS / 2
    drawn = spectrogram.draw(Waveform(samples[:most], spec.sample_rate, begin, name), spec)
    return View(drawn, whole, longest)


def card_that_sees(kind: SpectrogramKind, model: str | None = None) -> ModelCard:
    """The card of that model, or of the first one that looks at spectrograms of that kind.

    Raises
    ------
    ModelError
        If that model is not there.
    GenrescopeError
        If no model looks at them.
    """
    name = model or next(
        (
            one.name
            for one in models.list_models()
            if one.card and one.card.spectrogram.kind == kind and not one.card.pretrained
        ),
        None,
    )
    if name is None:
        raise GenrescopeError(f"no model that looks at {kind} spectrograms is there")
    return models.find(name).card


def draw_seen(source: AudioSource, card: ModelCard, start: float = 0.0) -> FloatArray:
    """The first window from `start` on, exactly as a network is given it.

    Returns
    -------
    ndarray of float32, shape (channels, height, width)
        Normalised; row 0 is the lowest band.

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    """
    with listen(source, start=start) as recording:
        drawn = next(draw_spans(recording, [card.spectrogram], parse_windows("first")))
    tensor: FloatArray = draw_picture(drawn.windows(), card.picture)[0]
    return tensor


def unit_picture(tensor: FloatArray, card: ModelCard) -> FloatArray:
    """Undo the normalisation of one picture.

    Returns
    -------
    ndarray of float32, shape (planes, height, width)
        In [0, 1], row 0 the lowest band: one plane of grey, or three of colour.
    """
    picture = card.picture
    mean = np.asarray(picture.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(picture.std, dtype=np.float32)[:, None, None]
    planes: FloatArray = tensor * std + mean
    if picture.lowest_row == "last":
        planes = planes[:, ::-1]
    return planes if picture.colours else planes[:1]
