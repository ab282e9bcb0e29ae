"""Sound that is changed before it is looked at: a band or a stretch left out.

A change is made to the waveform as it is decoded, block by block, so that what is looked at can
be listened to. Every change says of itself what it did, and a result keeps that as a notice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from genrescope.types import AudioError, FloatArray, Notice, refuse

ORDER = 8
STOP_DB = 80.0
"""How far a filter takes down what is to be left out, as deep as our pictures reach."""

FADE_SECONDS = 0.01

FilterKind = Literal["bandpass", "bandstop", "highpass", "lowpass"]


class Changer(Protocol):
    """A change at work on one recording."""

    def push(self, block: FloatArray) -> FloatArray:
        """Float32 (n,) in, what is ready of the changed samples out."""
        ...

    def finish(self) -> FloatArray:
        """The samples that were held back."""
        ...


class Change(Protocol):
    """What can be done to sound before it is looked at."""

    def notice(self) -> Notice:
        """What was done, for the result."""
        ...

    def changer(self, sample_rate: int, start: float) -> Changer:
        """What does it to sound of that rate that begins at `start` seconds.

        Raises
        ------
        AudioError
            If it leaves nothing of such sound, or cannot be done to it.
        """
        ...


@dataclass(frozen=True, slots=True)
class BandStop:
    """All between two frequencies left out.

    Attributes
    ----------
    low_hz, high_hz : float
        At both and between them at least 80 dB are taken off (Chebyshev filter of the second
        kind); 0 as the lower leaves out all below the upper.
    """

    low_hz: float
    high_hz: float

    def __post_init__(self) -> None:
        _check_order(self.low_hz, self.high_hz, "band", "Hz")

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = f"heard without {self.low_hz:g} to {self.high_hz:g} Hz"
        return Notice("band-stop", words, self.low_hz)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """The filter for sound at that rate."""
        half = sample_rate / 2
        refuse(
            self.low_hz >= half,
            f"nothing to leave out: the sound ends at {half:g} Hz, below {self.low_hz:g} Hz",
            AudioError,
        )
        whole = self.low_hz == 0 and self.high_hz >= half
        refuse(whole, "without that band nothing is left to hear", AudioError)
        if self.low_hz == 0:
            return _steep(sample_rate, "highpass", self.high_hz)
        if self.high_hz >= half:
            return _steep(sample_rate, "lowpass", self.low_hz)
        return _steep(sample_rate, "bandstop", self.low_hz, self.high_hz)


@dataclass(frozen=True, slots=True)
class BandPass:
    """Only what lies between two frequencies; 80 dB off below and above them."""

    low_hz: float
    high_hz: float

    def __post_init__(self) -> None:
        _check_order(self.low_hz, self.high_hz, "band", "Hz")

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = f"heard from {self.low_hz:g} to {self.high_hz:g} Hz only"
        return Notice("band-pass", words, self.low_hz)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """The filter for sound at that rate."""
        half = sample_rate / 2
        refuse(
            self.low_hz >= half,
            f"nothing is left above {self.low_hz:g} Hz: the sound ends at {half:g} Hz",
            AudioError,
        )
        if self.low_hz == 0 and self.high_hz >= half:
            return _Nothing()
        if self.low_hz == 0:
            return _steep(sample_rate, "lowpass", self.high_hz)
        if self.high_hz >= half:
            return _steep(sample_rate, "highpass", self.low_hz)
        return _steep(sample_rate, "bandpass", self.low_hz, self.high_hz)


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch silenced, with fades of 10 ms.

    Attributes
    ----------
    begin, end : float
        In seconds of the source.
    """

    begin: float
    end: float

    def __post_init__(self) -> None:
        _check_order(self.begin, self.end, "gap", "s")

    def notice(self) -> Notice:
        """What was done, for the result."""
        words = f"silenced from {self.begin:g} to {self.end:g} s"
        return Notice("gap", words, self.begin)

    def changer(self, sample_rate: int, start: float) -> Changer:
        """What silences it in sound that begins at `start`."""
        return _Silencer(sample_rate, self.begin - start, self.end - start)


def _check_order(low: float, high: float, what: str, unit: str) -> None:
    good = math.isfinite(low) and math.isfinite(high) and 0 <= low < high
    words = f"a {what} runs from one value to a greater one, not from {low:g} to {high:g} {unit}"
    refuse(not good, words, AudioError)


class Prompt:
    """A changer that holds nothing back."""

    def finish(self) -> FloatArray:
        """Nothing."""
        return np.zeros(0, dtype=np.float32)


class _Nothing(Prompt):
    def push(self, block: FloatArray) -> FloatArray:
        return block


class Filter(Prompt):
    """A filter that keeps its state from block to block.

    Parameters
    ----------
    sections : ndarray of float64, shape (n, 6)
        Second-order sections, as `scipy.signal` designs them.
    """

    def __init__(self, sections: NDArray[np.float64]) -> None:
        self._sections = sections
        self._state = np.zeros((len(sections), 2))

    def push(self, block: FloatArray) -> FloatArray:
        """Float32 (n,) in, as many filtered samples out."""
        from scipy.signal import sosfilt

        changed, self._state = sosfilt(self._sections, block, zi=self._state)
        samples: FloatArray = np.asarray(changed, dtype=np.float32)
        return samples


def _steep(sample_rate: int, kind: FilterKind, *edges: float) -> Filter:
    from scipy.signal import cheby2

    edge = np.asarray(edges if len(edges) > 1 else edges[0], dtype=np.float64)
    return Filter(cheby2(ORDER, STOP_DB, edge, kind, fs=sample_rate, output="sos"))


class _Silencer(Prompt):
    def __init__(self, sample_rate: int, begin: float, end: float) -> None:
        self._rate, self._begin, self._end = sample_rate, begin, end
        self._heard = 0

    def push(self, block: FloatArray) -> FloatArray:
        times = (self._heard + np.arange(block.size)) / self._rate
        self._heard += block.size
        outside = np.maximum(self._begin - times, times - self._end)
        gain = np.clip(outside / FADE_SECONDS, 0, 1).astype(np.float32)
        changed: FloatArray = block * gain
        return changed
