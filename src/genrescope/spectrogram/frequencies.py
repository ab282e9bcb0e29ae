"""Frequencies of bands, and their names.

The mel scale is Slaney's (Auditory Toolbox version 2, Interval Research technical report
1998-010): linear below 1 kHz, logarithmic above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genrescope.types import SpectrogramError, refuse

LINEAR_HZ_PER_MEL = 200.0 / 3.0
LOG_FROM_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27.0
"""What one mel adds to the logarithm of a frequency above `LOG_FROM_HZ`."""

NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz to Slaney mels.

    Parameters
    ----------
    hz : ndarray of float64, any shape
        Not negative.

    Returns
    -------
    ndarray of float64, same shape

    Examples
    --------
    >>> hz_to_mel(np.array([0.0, 200.0, 1000.0, 6400.0])).round(6).tolist()
    [0.0, 3.0, 15.0, 42.0]
    """
    hz = np.asarray(hz, dtype=np.float64)
    linear = hz / LINEAR_HZ_PER_MEL
    curved = (
        LOG_FROM_HZ / LINEAR_HZ_PER_MEL
        + np.log(np.maximum(hz, LOG_FROM_HZ) / LOG_FROM_HZ) / LOG_STEP
    )
    mels: NDArray[np.float64] = np.where(hz < LOG_FROM_HZ, linear, curved)
    return mels


def mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney mels to Hz; the inverse of `hz_to_mel`.

    Parameters
    ----------
    mels : ndarray of float64, any shape
        Not negative.

    Returns
    -------
    ndarray of float64, same shape
    """
    mels = np.asarray(mels, dtype=np.float64)
    knee = LOG_FROM_HZ / LINEAR_HZ_PER_MEL
    curved = LOG_FROM_HZ * np.exp(LOG_STEP * (np.maximum(mels, knee) - knee))
    hz: NDArray[np.float64] = np.where(mels < knee, mels * LINEAR_HZ_PER_MEL, curved)
    return hz


def mel_edges_hz(low_hz: float, high_hz: float, bands: int) -> NDArray[np.float64]:
    """Corners of triangular bands that lie evenly on the mel scale.

    Parameters
    ----------
    low_hz, high_hz : float
    bands : int

    Returns
    -------
    ndarray of float64, shape (bands + 2,)
        In Hz, ascending: where the first band begins, the centre of every band, where the last
        one ends. A band reaches from its lower neighbour's centre to its upper one's.
    """
    ends = hz_to_mel(np.array([low_hz, high_hz]))
    return mel_to_hz(np.linspace(ends[0], ends[1], bands + 2))


def constant_q_hz(low_hz: float, bins: int, bins_per_octave: int) -> NDArray[np.float64]:
    """Centre frequencies of constant-Q bins.

    Parameters
    ----------
    low_hz : float
        Of the first bin.
    bins, bins_per_octave : int

    Returns
    -------
    ndarray of float64, shape (bins,)
        In Hz, ascending.

    Examples
    --------
    >>> constant_q_hz(55.0, 4, 1).tolist()
    [55.0, 110.0, 220.0, 440.0]
    """
    hz: NDArray[np.float64] = low_hz * 2.0 ** (np.arange(bins) / bins_per_octave)
    return hz


def note_name(hz: float) -> str:
    """The nearest note of equal temperament at A4 = 440 Hz.

    Parameters
    ----------
    hz : float
        Above 0.

    Raises
    ------
    SpectrogramError
        If `hz` is no frequency of a tone.

    Examples
    --------
    >>> note_name(440.0), note_name(32.7)
    ('A4', 'C1')
    """
    refuse(not 0 < hz < np.inf, f"no note has {hz:g} Hz", SpectrogramError)
    midi = round(69 + 12 * float(np.log2(hz / 440.0)))
    return f"{NOTES[midi % 12]}{midi // 12 - 1}"
