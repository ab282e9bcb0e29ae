"""What would change the answer: the same recording with and without a part of its sound."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genrescope.audio import AudioSource, Change, Gap, listen
from genrescope.audio.resample import resample
from genrescope.classification.classifier import Classifier
from genrescope.classification.drawing import Tell
from genrescope.types import AudioError, Comparison, Prediction, Waveform, refuse

LONGEST_SECONDS = 600.0
"""Of changed sound that is kept to be listened to."""

FLAC_RATE = 655_350
"""In Hz, the highest that FLAC holds; from 65 536 on only multiples of ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """What one or several models say before and after a change.

    Attributes
    ----------
    before, after : Prediction or Comparison
        Both of one kind, over the same stretch.
    """

    before: Prediction | Comparison
    after: Prediction | Comparison

    @property
    def pairs(self) -> tuple[tuple[Prediction, Prediction], ...]:
        """Each model's prediction before and after, in the order of the models."""
        sides = [_predictions(side) for side in (self.before, self.after)]
        return tuple(zip(*sides, strict=True))


def _predictions(result: Prediction | Comparison) -> tuple[Prediction, ...]:
    return result.predictions if isinstance(result, Comparison) else (result,)


def classify_changed(
    classifier: Classifier,
    source: AudioSource,
    changes: Sequence[Change],
    *,
    start: float = 0.0,
    duration: float | None = None,
    tell: Tell | None = None,
) -> Moved:
    """Classify a recording as it is, and with changes to its sound.

    Parameters
    ----------
    classifier : Classifier
    source : path or binary file
        That can seek: it is read twice.
    changes : sequence of Change
    start, duration : float
        The stretch to look at, in seconds; to the end by default.
    tell : callable, optional
        Hears of progress, twice from the beginning.

    Returns
    -------
    Moved

    Raises
    ------
    AudioError
        If the source is no sound, or holds none, or a change leaves nothing of it, or lies where
        there is no sound.
    """
    before = classifier.classify(source, start=start, duration=duration, tell=tell)
    end = start + _predictions(before)[0].seconds
    for change in changes:
        outside = isinstance(change, Gap) and (change.begin >= end or change.end <= start)
        words = f"{change.notice().message}: there is sound from {start:g} to {end:.1f} s only"
        refuse(outside, words, AudioError)
    after = classifier.classify(source, start=start, duration=duration, tell=tell, changes=changes)
    return Moved(before, after)


def hear_changed(
    source: AudioSource,
    changes: Sequence[Change],
    *,
    start: float = 0.0,
    duration: float | None = None,
) -> Waveform:
    """The changed sound itself, mono at the source's rate; ten minutes at most.

    Raises
    ------
    AudioError
        If the source is no sound, or a change leaves nothing of it.
    """
    longest = LONGEST_SECONDS if duration is None else min(duration, LONGEST_SECONDS)
    with listen(source, start=start, duration=longest, changes=changes) as recording:
        samples = np.concatenate(list(recording.blocks()))
        return Waveform(samples, recording.info.sample_rate, recording.start, recording.name)


def to_file(sound: Waveform, form: Literal["WAV", "FLAC"] = "WAV") -> bytes:
    """A sound as the bytes of a file in 16 bits; at 48 kHz where FLAC cannot hold its rate."""
    import soundfile

    samples, rate = sound.samples, sound.sample_rate
    if form == "FLAC" and (rate > FLAC_RATE or (rate >= 2**16 and rate % 10)):
        samples, rate = np.concatenate(list(resample([samples], rate, 48_000))), 48_000
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), rate, format=form, subtype="PCM_16")
    return file.getvalue()
