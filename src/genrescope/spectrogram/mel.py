"""Mel spectrograms: Hann window, centred frames, Slaney's bands at equal area."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from genrescope.spectrogram.decibels import to_decibels
from genrescope.spectrogram.frequencies import mel_edges_hz
from genrescope.types import FloatArray, Spectrogram, SpectrogramSpec, Waveform

BLOCK_FRAMES = 128
"""Frames transformed at once: what stays in the processor's cache."""


def draw(waveform: Waveform, spec: SpectrogramSpec) -> Spectrogram:
    """Draw a mel spectrogram; see `genrescope.spectrogram.draw`."""
    power = mel_power(waveform.samples, spec)
    centres = mel_edges_hz(spec.low_hz, spec.high_hz, spec.bands)[1:-1].astype(np.float32)
    values = to_decibels(power, spec.dynamic_range_db)
    return Spectrogram(values, spec, centres, waveform.start)


def mel_power(samples: FloatArray, spec: SpectrogramSpec) -> FloatArray:
    """Power in every mel band.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
    spec : SpectrogramSpec

    Returns
    -------
    ndarray of float32, shape (bands, 1 + n // hop_length)
        Frames are centred on multiples of the hop; beyond the ends lie zeros.
    """
    n_fft, hop = spec.n_fft, spec.hop_length
    padded = np.zeros(samples.size + 2 * (n_fft // 2) + n_fft % 2, dtype=np.float32)
    padded[n_fft // 2 : n_fft // 2 + samples.size] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    count = 1 + samples.size // hop
    window, bank = _hann(n_fft), mel_bank(spec)
    power = np.empty((spec.bands, count), dtype=np.float32)
    for first in range(0, count, BLOCK_FRAMES):
        part = slice(first, min(first + BLOCK_FRAMES, count))
        spectrum = np.fft.rfft(frames[part] * window, axis=1)
        energy = np.square(spectrum.real) + np.square(spectrum.imag)
        power[:, part] = bank @ energy.astype(np.float32, copy=False).T
    return power


@lru_cache(maxsize=8)
def _hann(size: int) -> FloatArray:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return window.astype(np.float32)


@lru_cache(maxsize=8)
def mel_bank(spec: SpectrogramSpec) -> FloatArray:
    """Triangular filters of equal area over STFT bins, shape (bands, n_fft // 2 + 1)."""
    edges = mel_edges_hz(spec.low_hz, spec.high_hz, spec.bands)
    bins = np.linspace(0, spec.sample_rate / 2, spec.n_fft // 2 + 1)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    bank: FloatArray = (triangles * 2.0 / (upper - lower)).astype(np.float32)
    bank.setflags(write=False)
    return bank
