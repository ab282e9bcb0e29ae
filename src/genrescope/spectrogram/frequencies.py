"""Frequencies of bands, and their names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LINEAR_HZ_PER_MEL = 200.0 / 3.0
LOG_FROM_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27.0
"""Slaney's mel scale (Auditory Toolbox 1998): linear below 1 kHz, logarithmic above."""

NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz to Slaney mels."""
    hz = np.asarray(hz, dtype=np.float64)
    linear = hz / LINEAR_HZ_PER_MEL
    curved = (
        LOG_FROM_HZ / LINEAR_HZ_PER_MEL
        + np.log(np.maximum(hz, LOG_FROM_HZ) / LOG_FROM_HZ) / LOG_STEP
    )
    mels: NDArray[np.float64] = np.where(hz < LOG_FROM_HZ, linear, curved)
    return mels


def mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney mels to Hz; the inverse of `hz_to_mel`."""
    mels = np.asarray(mels, dtype=np.float64)
    knee = LOG_FROM_HZ / LINEAR_HZ_PER_MEL
    curved = LOG_FROM_HZ * np.exp(LOG_STEP * (np.maximum(mels, knee) - knee))
    hz: NDArray[np.float64] = np.where(mels < knee, mels * LINEAR_HZ_PER_MEL, curved)
    return hz


def mel_edges_hz(low_hz: float, high_hz: float, bands: int) -> NDArray[np.float64]:
    """Lower edge, centres and upper edge of mel bands in Hz, shape (bands + 2,)."""
    ends = hz_to_mel(np.array([low_hz, high_hz]))
    return mel_to_hz(np.linspace(ends[0], ends[1], bands + 2))


def constant_q_hz(low_hz: float, bins: int, bins_per_octave: int) -> NDArray[np.float64]:
    """Centre frequencies of constant-Q bins in Hz, shape (bins,)."""
    hz: NDArray[np.float64] = low_hz * 2.0 ** (np.arange(bins) / bins_per_octave)
    return hz


def note_name(hz: float) -> str:
    """The nearest note of equal temperament at A4 = 440 Hz.

    Examples
    --------
    >>> note_name(440.0), note_name(32.7)
    ('A4', 'C1')
    """
    midi = round(69 + 12 * float(np.log2(hz / 440.0)))
    return f"{NOTES[midi % 12]}{midi // 12 - 1}"
