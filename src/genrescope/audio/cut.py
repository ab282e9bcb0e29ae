"""Cutting a recording into spans and windows: `Span`, `Cutter`, `spans`.

A window is ``spec.window_samples`` long. ``spec.windows_per_span`` windows (30 s in our recipes)
share a 0 dB reference: they are a `Span`, drawn as one spectrogram. The rules:

- A recording shorter than a window is repeated until it fills exactly one.
- Otherwise spans lie end to end, and windows end to end within them.
- What remains behind the last full window, if at least half a window, gets a window of its own,
  aligned to end with the sound and so overlapping the one before it. Where it would begin its own
  span, that span reaches back to be exactly one window long.
- A remainder shorter than half a window is not looked at, and has no say in the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from genrescope.audio.windows import ALL_WINDOWS, WindowChoice, window_count
from genrescope.types import AudioError, FloatArray, SpectrogramSpec, Waveform, refuse


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A stretch of sound to draw with one 0 dB reference, and the windows to look at in it.

    Attributes
    ----------
    waveform : Waveform
        At the recipe's rate; ``start`` is in seconds of the source.
    window_columns : tuple of int
        First column of every window in the spectrogram of `waveform`, ascending. Drawn centred,
        that has ``1 + samples // hop_length`` columns; a window is ``spec.frames`` of them.
    """

    waveform: Waveform
    window_columns: tuple[int, ...]

    def window_starts(self, spec: SpectrogramSpec) -> tuple[float, ...]:
        """Where every window begins, in seconds of the source."""
        hop = spec.hop_length / spec.sample_rate
        return tuple(self.waveform.start + column * hop for column in self.window_columns)


class Cutter:
    """Takes samples and gives spans; keeps less than two spans in memory.

    Parameters
    ----------
    spec : SpectrogramSpec
    choice : WindowChoice
        Spans without a chosen window are left out.
    total_samples : int, optional
        Length at the recipe's rate; needed where ``choice.needs_length``.
    start : float
        Where in the source the first sample lies, in seconds.
    source : str
        For people.

    Raises
    ------
    AudioError
        The choice needs the length, and it is not given.
    """

    def __init__(
        self,
        spec: SpectrogramSpec,
        choice: WindowChoice = ALL_WINDOWS,
        *,
        total_samples: int | None = None,
        start: float = 0.0,
        source: str = "",
    ) -> None:
        unknown = choice.needs_length and total_samples is None
        refuse(unknown, "spreading windows needs the length of the recording", AudioError)
        self.spec = spec
        self._source = source
        self._start = start
        windows = None if total_samples is None else window_count(total_samples, spec)
        self._chosen = choice.indices(windows)
        self._held: list[FloatArray] = []
        self._held_samples = 0
        self._previous = np.zeros(0, dtype=np.float32)  # last window of the span before
        self._spans_before = 0

    @property
    def done(self) -> bool:
        """Whether every chosen window has been given, so that more sound changes nothing."""
        return self._chosen is not None and self._windows_before > max(self._chosen)

    @property
    def _windows_before(self) -> int:
        return self._spans_before * self.spec.windows_per_span

    @property
    def _span_samples(self) -> int:
        return self.spec.windows_per_span * self.spec.window_samples

    def push(self, samples: FloatArray) -> list[Span]:
        """Float32 (n,) at the recipe's rate in; the spans that are now complete out."""
        if self.done or not samples.size:
            return []
        self._held.append(samples)
        self._held_samples += samples.size
        if self._held_samples < self._span_samples:
            return []
        sound = np.concatenate(self._held)
        ready = []
        begin = 0
        while sound.size - begin >= self._span_samples and not self.done:
            part = sound[begin : begin + self._span_samples].copy()
            columns = [i * self.spec.frames for i in range(self.spec.windows_per_span)]
            ready += self._span(part, 0, columns)
            self._previous = part[-self.spec.window_samples :]
            self._spans_before += 1
            begin += self._span_samples
        self._held = [] if self.done else [sound[begin:].copy()]
        self._held_samples = sum(part.size for part in self._held)
        return ready

    def finish(self) -> list[Span]:
        """The spans that only the end of the sound completes: one or none."""
        if self.done or not self._held_samples:
            return []
        window = self.spec.window_samples
        rest = np.concatenate(self._held)
        self._held, self._held_samples = [], 0
        full, over = divmod(rest.size, window)
        if full == 0:
            return self._finish_short(rest)
        columns = [i * self.spec.frames for i in range(full)]
        if 2 * over >= window:
            columns.append(rest.size // self.spec.hop_length - self.spec.frames)
        else:
            rest = rest[: full * window].copy()
        return self._span(rest, 0, columns)

    def _finish_short(self, rest: FloatArray) -> list[Span]:
        """Less than a window is left: repeat it, reach back, or let it be."""
        window = self.spec.window_samples
        if not self._spans_before:
            return self._span(np.resize(rest, window).astype(np.float32), 0, [0])
        if 2 * rest.size < window:
            return []
        back = window - rest.size
        return self._span(np.concatenate([self._previous[-back:], rest]), back, [0])

    def _span(self, samples: FloatArray, back: int, columns: list[int]) -> list[Span]:
        """One span beginning `back` samples before the current one, or none if not chosen."""
        first = self._windows_before
        kept = [
            column
            for number, column in enumerate(columns, first)
            if self._chosen is None or number in self._chosen
        ]
        if not kept:
            return []
        before = self._spans_before * self._span_samples - back
        start = self._start + before / self.spec.sample_rate
        waveform = Waveform(samples, self.spec.sample_rate, start, self._source)
        return [Span(waveform, tuple(kept))]


def spans(
    blocks: Iterable[FloatArray],
    spec: SpectrogramSpec,
    choice: WindowChoice = ALL_WINDOWS,
    *,
    total_samples: int | None = None,
    start: float = 0.0,
    source: str = "",
) -> Iterator[Span]:
    """Blocks of float32 (n,) at the recipe's rate as spans; see `Cutter`.

    Stops drawing from `blocks` once all chosen windows have been given.
    """
    cutter = Cutter(spec, choice, total_samples=total_samples, start=start, source=source)
    for block in blocks:
        yield from cutter.push(block)
        if cutter.done:
            return
    yield from cutter.finish()
