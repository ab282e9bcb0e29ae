"""The line's first half: file → `Waveform` → windows → `Spectrogram`. It needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from genrescope import spectrogram
from genrescope.audio import ALL_WINDOWS, AudioSource, Change, Recording, Span, WindowChoice, listen
from genrescope.spectrogram.picture import unit_values
from genrescope.types import FloatArray, Notice, Spectrogram, SpectrogramSpec

Tell = Callable[[float, float | None], None]
"""Called with the seconds heard so far, and the length in seconds where the file states one."""


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
