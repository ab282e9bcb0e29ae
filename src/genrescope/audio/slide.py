"""Windows that begin every so many seconds: `Slider`.

The rules, beside those of `genrescope.audio.cut`:

- A window begins at 0 s and every step from there on, while it lies wholly in the sound. Where
  half a step or more is left behind the last one, one more ends with the sound.
- A recording shorter than a window is repeated until it fills exactly one.
- Windows share a 0 dB reference as spans do, but so that each lies wholly in a span: spans are as
  long as ever, and overlap by one window.
"""

from __future__ import annotations

import numpy as np

from genrescope.audio.cut import Span
from genrescope.types import FloatArray, SpectrogramSpec, Waveform


class Slider:
    """Takes samples and gives spans; keeps less than two spans in memory.

    Parameters
    ----------
    spec : SpectrogramSpec
    step : float
        Seconds from window to window, more than 0; the nearest columns are taken.
    start : float
        Where in the source the first sample lies, in seconds.
    source : str
        For people.
    """

    def __init__(
        self, spec: SpectrogramSpec, step: float, *, start: float = 0.0, source: str = ""
    ) -> None:
        self.spec = spec
        self._step = max(1.0, step * spec.sample_rate / spec.hop_length)
        self._start, self._source = start, source
        self._held = np.zeros(0, dtype=np.float32)
        self._first = 0  # column of the first sample held
        self._next = 0  # number of the next window
        self._columns = spec.windows_per_span * spec.frames
        self._stride = max(1, self._columns - spec.frames)

    @property
    def done(self) -> bool:
        """Never: windows go on to the end."""
        return False

    def push(self, samples: FloatArray) -> list[Span]:
        """Float32 (n,) at the recipe's rate in; the spans that are now complete out."""
        self._held = np.concatenate([self._held, samples])
        ready: list[Span] = []
        hop = self.spec.hop_length
        while self._held.size >= (self._columns + 1) * hop:
            ready += self._span(self._held[: self._columns * hop], self._stride)
            self._held = self._held[self._stride * hop :].copy()
            self._first += self._stride
        return ready

    def finish(self) -> list[Span]:
        """The spans that only the end of the sound completes: one or none."""
        rest, self._held = self._held, np.zeros(0, dtype=np.float32)
        if not rest.size:
            return []
        frames = self.spec.frames
        if rest.size < self.spec.window_samples:  # only where there was no span before
            whole = np.resize(rest, self.spec.window_samples).astype(np.float32)
            return self._span(whole, 1) if self._next == 0 else []
        last = rest.size // self.spec.hop_length - frames
        return self._span(rest, last + 1, last)

    def _span(self, samples: FloatArray, columns: int, last: int | None = None) -> list[Span]:
        """The windows that begin in the first `columns` columns, and one at `last` if it is due."""
        kept: list[int] = []
        column = round(self._next * self._step) - self._first
        while column < columns:
            kept.append(column)
            self._next += 1
            column = round(self._next * self._step) - self._first
        before = column - self._step
        if last is not None and last - before >= self._step / 2 and last not in kept:
            kept.append(last)
        if not kept:
            return []
        seconds = self._first * self.spec.hop_length / self.spec.sample_rate
        sound = Waveform(samples.copy(), self.spec.sample_rate, self._start + seconds, self._source)
        return [Span(sound, tuple(kept))]
