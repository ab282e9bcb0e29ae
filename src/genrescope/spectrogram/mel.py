"""Mel spectrograms: Hann window, centred frames, triangular bands of equal area.

The mel scale and the area of the bands are Slaney's (see `genrescope.spectrogram.frequencies`),
as in librosa, with which the values agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genrescope.spectrogram.blocks import CHUNK, block_rows
from genrescope.spectrogram.decibels import compress
from genrescope.spectrogram.frequencies import mel_edges_hz
from genrescope.types import FloatArray, Spectrogram, SpectrogramSpec, Waveform


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The part of a mel filterbank that neighbouring STFT bins feed.

    Attributes
    ----------
    bins, bands : slice
        From which bins into which bands.
    weights : ndarray of float32, shape (bins, bands)
    """

    bins: slice
    bands: slice
    weights: FloatArray


def draw(waveform: Waveform, spec: SpectrogramSpec) -> Spectrogram:
    """Draw a mel spectrogram; see `genrescope.spectrogram.draw`."""
    power = mel_power(waveform.samples, spec)
    centres = mel_edges_hz(spec.low_hz, spec.high_hz, spec.bands)[1:-1].astype(np.float32)
    values = compress(power, spec)
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
    window, chunks = _hann(n_fft), _chunks(spec)
    power = np.zeros((1 + samples.size // hop, spec.bands), dtype=np.float32)
    most = min(block_rows(*chunk.weights.shape) for chunk in chunks)
    windowed = np.empty((most, n_fft), dtype=np.float32)
    for first in range(0, power.shape[0], most):
        sums = power[first : first + most]
        block = frames[first : first + sums.shape[0]]
        spectrum = np.fft.rfft(np.multiply(block, window, out=windowed[: len(block)]), axis=1)
        energy = np.square(spectrum.real).astype(np.float32, copy=False)
        energy += np.square(spectrum.imag).astype(np.float32, copy=False)
        for chunk in chunks:
            sums[:, chunk.bands] += energy[:, chunk.bins] @ chunk.weights
    return np.ascontiguousarray(power.T)


@lru_cache(maxsize=8)
def _hann(size: int) -> FloatArray:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return window.astype(np.float32)


@lru_cache(maxsize=8)
def mel_bank(spec: SpectrogramSpec) -> FloatArray:
    """Triangular filters of equal area over STFT bins.

    Parameters
    ----------
    spec : SpectrogramSpec

    Returns
    -------
    ndarray of float32, shape (bands, n_fft // 2 + 1)
        Read-only. A band narrower than the distance of two bins may hold none of them: its row
        is zero, and it is drawn at the floor.
    """
    edges = mel_edges_hz(spec.low_hz, spec.high_hz, spec.bands)
    bins = np.linspace(0, spec.sample_rate / 2, spec.n_fft // 2 + 1)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    bank: FloatArray = (triangles * 2.0 / (upper - lower)).astype(np.float32)
    bank.setflags(write=False)
    return bank


@lru_cache(maxsize=8)
def _chunks(spec: SpectrogramSpec) -> tuple[Chunk, ...]:
    """The filterbank cut by bins; each chunk leaves out the bands that it does not feed."""
    bank = mel_bank(spec)
    chunks = []
    for first in range(0, bank.shape[1], CHUNK):
        bins = slice(first, first + CHUNK)
        fed = np.flatnonzero(bank[:, bins].any(axis=1))
        bands = slice(int(fed[0]), int(fed[-1]) + 1) if fed.size else slice(0, 1)
        chunks.append(Chunk(bins, bands, np.ascontiguousarray(bank[bands, bins].T)))
    return tuple(chunks)
