"""Clean-up before a recording is looked at: a band kept, noise taken down, silence trimmed.

Nothing of it is done unless it is asked for. Each is a `genrescope.audio.changes.Change`: a result
keeps it as a notice with all that is needed to do it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from genrescope.audio.changes import Change, Changer, Filter
from genrescope.types import AudioError, FloatArray, Notice, refuse

LOW_HZ, HIGH_HZ = 100.0, 16000.0
ORDER = 4
HELD_SECONDS = 300.0
"""Silence longer than this in the middle of a recording is passed on as it comes."""
KEPT_SECONDS = 0.05
"""Of the silence at each end, so that no attack is cut."""


@dataclass(frozen=True, slots=True)
class KeptBand:
    """Rumble below and hiss above a band taken away gently.

    Attributes
    ----------
    low_hz, high_hz : float
        Half of the power is left at both (Butterworth filter of order 4, 24 dB an octave beyond).
    """

    low_hz: float = LOW_HZ
    high_hz: float = HIGH_HZ

    def __post_init__(self) -> None:
        low, high = self.low_hz, self.high_hz
        good = math.isfinite(low) and math.isfinite(high) and 0 < low < high
        words = f"a band to keep runs from above 0 Hz to more, not from {low:g} to {high:g} Hz"
        refuse(not good, words, AudioError)

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = f"cleaned up: {self.low_hz:g} to {self.high_hz:g} Hz kept (Butterworth, order 4)"
        return Notice("kept-band", words, self.low_hz)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """The filter for sound at that rate."""
        half = sample_rate / 2
        refuse(
            self.low_hz >= half,
            f"nothing is left above {self.low_hz:g} Hz: the sound ends at {half:g} Hz",
            AudioError,
        )
        return _gentle(sample_rate, self.low_hz, self.high_hz)


@dataclass(frozen=True, slots=True)
class Denoise:
    """Steady noise taken down by a gate a frequency: FFmpeg's ``afftdn``.

    Attributes
    ----------
    reduction_db : float
        By how much what counts as noise is taken down, in [0.01, 97].
    floor_db : float
        How loud noise is, in dB of full scale, in [-80, -20].
    """

    reduction_db: float = 12.0
    floor_db: float = -40.0

    def __post_init__(self) -> None:
        good = 0.01 <= self.reduction_db <= 97
        words = f"noise is taken down by 0.01 to 97 dB, not by {self.reduction_db:g}"
        refuse(not good, words, AudioError)
        good = -80 <= self.floor_db <= -20
        refuse(not good, f"noise lies at -80 to -20 dB, not at {self.floor_db:g}", AudioError)

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = (
            f"cleaned up: noise at {self.floor_db:g} dB taken down by {self.reduction_db:g} dB "
            "(FFmpeg afftdn)"
        )
        return Notice("denoised", words, self.reduction_db)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """The filter for sound at that rate."""
        return _Denoiser(sample_rate, self)


@dataclass(frozen=True, slots=True)
class Trim:
    """Silence trimmed at the beginning and at the end; what is between stays as it is.

    Times in a result remain those of the source. `Recording` skips the beginning.

    Attributes
    ----------
    below_db : float
        What never exceeds it is silence; in dB of full scale, below 0.
    """

    below_db: float = -60.0

    def __post_init__(self) -> None:
        good = -200 < self.below_db < 0
        refuse(not good, f"silence lies below 0 dB, not below {self.below_db:g}", AudioError)

    @property
    def level(self) -> float:
        """The same as a sample's magnitude."""
        return float(10 ** (self.below_db / 20))

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = f"cleaned up: silence below {self.below_db:g} dB trimmed at both ends"
        return Notice("trimmed", words, self.below_db)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """What holds silence back until sound follows."""
        return _Trimmer(sample_rate, self.level)


def read_cleaning(
    band: tuple[float, float] | None = None,
    denoise_db: float | None = None,
    trim: bool = False,
    *,
    everything: bool = False,
) -> tuple[Change, ...]:
    """The clean-up asked for, in the order in which it is done.

    Parameters
    ----------
    band : (float, float), optional
        Kept, in Hz.
    denoise_db : float, optional
        See `Denoise`.
    trim : bool
        Whether silence is trimmed.
    everything : bool
        All three, by default values where no others are given.

    Raises
    ------
    AudioError
        If a number makes no sense.

    Examples
    --------
    >>> [change.notice().code for change in read_cleaning(everything=True)]
    ['trimmed', 'kept-band', 'denoised']
    >>> read_cleaning(denoise_db=20)
    (Denoise(reduction_db=20),)
    """
    found: list[Change] = []
    if trim or everything:
        found.append(Trim())
    if band is not None or everything:
        found.append(KeptBand(*(band or (LOW_HZ, HIGH_HZ))))
    if denoise_db is not None or everything:
        found.append(Denoise() if denoise_db is None else Denoise(denoise_db))
    return tuple(found)


def _gentle(sample_rate: int, low_hz: float, high_hz: float) -> Filter:
    from scipy.signal import butter

    whole = high_hz >= 0.49 * sample_rate
    edges: Any = low_hz if whole else (low_hz, high_hz)
    kind: Any = "highpass" if whole else "bandpass"
    return Filter(butter(ORDER, edges, kind, fs=sample_rate, output="sos"))


class _Denoiser:
    """A filter graph of one filter; its delay is taken out, so that times stay."""

    def __init__(self, sample_rate: int, wanted: Denoise) -> None:
        import av.filter

        self._rate, self._pushed = sample_rate, 0
        self._late = 2 * (sample_rate // 80)  # of its three hops to a window, two come too late
        self._owed = self._late
        self._graph = av.filter.Graph()
        base = Fraction(1, sample_rate)
        source = self._graph.add_abuffer(
            sample_rate=sample_rate, format="fltp", layout="mono", time_base=base
        )
        settings = f"nr={wanted.reduction_db:g}:nf={wanted.floor_db:g}"
        gate = self._graph.add("afftdn", settings)
        shape = self._graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono")
        sink = self._graph.add("abuffersink")
        for one, next_one in ((source, gate), (gate, shape), (shape, sink)):
            one.link_to(next_one)
        self._graph.configure()
        self._source, self._sink = source, sink

    def push(self, block: FloatArray) -> FloatArray:
        if not block.size:
            return block
        self._feed(block)
        return self._ready()

    def finish(self) -> FloatArray:
        if not self._pushed:
            return np.zeros(0, dtype=np.float32)
        self._feed(np.zeros(self._late, dtype=np.float32))
        self._source.push(None)
        return self._ready()

    def _feed(self, block: FloatArray) -> None:
        from av import AudioFrame

        plane = np.ascontiguousarray(block[None])
        frame = AudioFrame.from_ndarray(plane, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._pushed
        frame.time_base = Fraction(1, self._rate)
        self._pushed += block.size
        self._source.push(frame)

    def _ready(self) -> FloatArray:
        import av

        pieces = [np.zeros(0, dtype=np.float32)]
        while True:
            try:
                frame: Any = self._sink.pull()
            except (BlockingIOError, av.error.EOFError):
                break
            pieces.append(frame.to_ndarray()[0])
        ready: FloatArray = np.concatenate(pieces).astype(np.float32, copy=False)
        early = min(self._owed, ready.size)
        self._owed -= early
        return ready[early:]


class _Trimmer:
    def __init__(self, sample_rate: int, level: float) -> None:
        self._level = level
        self._most, self._kept = int(HELD_SECONDS * sample_rate), int(KEPT_SECONDS * sample_rate)
        self._held: list[FloatArray] = []
        self._size = 0
        self._heard = False

    def push(self, block: FloatArray) -> FloatArray:
        loud = np.flatnonzero(np.abs(block) > self._level)
        self._heard = self._heard or bool(loud.size)
        if not loud.size:
            self._hold(block)
            return self._release() if self._size > self._most else block[:0]
        last = int(loud[-1]) + 1
        ready = np.concatenate([self._release(), block[:last]])
        self._hold(block[last:])
        return ready

    def finish(self) -> FloatArray:
        return self._release()[: self._kept if self._heard else 0]

    def _hold(self, block: FloatArray) -> None:
        self._held.append(block)
        self._size += block.size

    def _release(self) -> FloatArray:
        held = np.concatenate([np.zeros(0, dtype=np.float32), *self._held])
        self._held, self._size = [], 0
        return held
