"""Constant-Q spectrograms (Brown 1991, doi 10.1121/1.400476).

Octave by octave (Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing",
Sound and Music Computing Conference 2010): soxr halves the sound's rate from one octave to the
next below, so that short filters serve all of them, and every octave is one matrix product of
its frames with those filters. Filters, scaling and their sparseness follow librosa's definition,
with which the values agree.

The rate is halved only as often as the hop is: with a hop of 1728 = 27 · 2⁶ samples all octaves
have short filters, and with an odd hop the lowest have filters of half a second at full rate,
which is as exact and several times as slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genrescope.spectrogram.blocks import CHUNK, block_rows
from genrescope.spectrogram.decibels import compress
from genrescope.spectrogram.frequencies import constant_q_hz
from genrescope.types import (
    FloatArray,
    Spectrogram,
    SpectrogramError,
    SpectrogramSpec,
    Waveform,
    refuse,
)

SPARSITY = 0.01
"""Share of each filter's magnitude, in its smallest values, that is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Octave:
    """The filters of one octave.

    Attributes
    ----------
    decimation : int
        The sound's rate is divided by it: a power of two.
    first : int
        Number of the lowest bin.
    kernel : ndarray of float32, shape (n_fft, 2 * bins)
        Real parts, then imaginary parts, of the filters to multiply a frame with.
    """

    decimation: int
    first: int
    kernel: FloatArray


def draw(waveform: Waveform, spec: SpectrogramSpec) -> Spectrogram:
    """Draw a constant-Q spectrogram; see `genrescope.spectrogram.draw`."""
    magnitude = constant_q(waveform.samples, spec)
    centres = constant_q_hz(spec.low_hz, spec.bands, spec.bins_per_octave).astype(np.float32)
    values = compress(np.square(magnitude), spec)
    return Spectrogram(values, spec, centres, waveform.start)


def constant_q(samples: FloatArray, spec: SpectrogramSpec) -> FloatArray:
    """Magnitude in every constant-Q bin.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
    spec : SpectrogramSpec

    Returns
    -------
    ndarray of float32, shape (bands, 1 + n // hop_length)
        Frames are centred on multiples of the hop; beyond the ends lie zeros.

    Raises
    ------
    SpectrogramError
        If the lowest bin is at 0 Hz, or the highest reaches beyond half of the sample rate.
    """
    count = 1 + samples.size // spec.hop_length
    octaves = _octaves(spec)
    sounds = _decimate(samples, octaves[0].decimation, octaves[-1].decimation)
    magnitude = np.empty((spec.bands, count), dtype=np.float32)
    for octave in octaves:
        hop = spec.hop_length // octave.decimation
        part = _magnitude(sounds[octave.decimation], octave.kernel, hop, count)
        magnitude[octave.first : octave.first + part.shape[1]] = part.T
    return magnitude


def _magnitude(sound: FloatArray, kernel: FloatArray, hop: int, count: int) -> FloatArray:
    """Magnitudes of `count` frames in the bins of one octave, shape (count, bins)."""
    size, bins = kernel.shape[0], kernel.shape[1] // 2
    padded = np.zeros((count - 1) * hop + size, dtype=np.float32)
    sound = sound[: padded.size - size // 2]
    padded[size // 2 : size // 2 + sound.size] = sound
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    response = np.zeros((count, 2 * bins), dtype=np.float32)
    most = block_rows(CHUNK, 2 * bins)
    for first in range(0, count, most):
        rows = slice(first, first + most)
        for begin in range(0, size, CHUNK):
            terms = slice(begin, begin + CHUNK)
            response[rows] += np.ascontiguousarray(frames[rows, terms]) @ kernel[terms]
    return np.hypot(response[:, :bins], response[:, bins:])


def _decimate(samples: FloatArray, least: int, most: int) -> dict[int, FloatArray]:
    """The sound at 1/least of its rate, drawn in one step, and at each half of it to 1/most."""
    sounds = {least: samples if least == 1 else _divide(samples, least)}
    rate = least
    while rate < most:
        sounds[2 * rate] = _divide(sounds[rate], 2)
        rate *= 2
    return sounds


def _divide(samples: FloatArray, divisor: int) -> FloatArray:
    import soxr

    fewer: FloatArray = soxr.resample(samples, divisor, 1, "HQ")
    wanted = -(-samples.size // divisor)
    return np.pad(fewer, (0, max(0, wanted - fewer.size)))[:wanted]


@lru_cache(maxsize=8)
def _octaves(spec: SpectrogramSpec) -> tuple[Octave, ...]:
    """Plan the octaves, highest first; the lowest holds what bins are left over."""
    per_octave = spec.bins_per_octave
    hz = constant_q_hz(spec.low_hz, spec.bands, per_octave)
    quality = _quality(per_octave)
    needed_hz = hz[-1] * (1 + 0.75 / quality)
    refuse(
        needed_hz > spec.sample_rate / 2,
        f"{spec.bands} constant-Q bins from {spec.low_hz:g} Hz reach to {needed_hz:.0f} Hz, above "
        f"half of {spec.sample_rate} Hz",
        SpectrogramError,
    )
    halvings = max(0, int(np.ceil(np.log2(spec.sample_rate / 2 / needed_hz))) - 2)
    most = (spec.hop_length & -spec.hop_length).bit_length() - 1
    # Before the highest octave no halving is spent that a lower octave would then lack.
    halvings = min(halvings, max(0, most + 1 - -(-spec.bands // per_octave)))
    octaves = []
    for first in range(spec.bands - per_octave, -per_octave, -per_octave):
        bins = slice(max(0, first), first + per_octave)
        decimation = 2 ** min(halvings, most)
        halvings += 1
        kernel = _kernel(hz[bins], spec.sample_rate, decimation, quality)
        octaves.append(Octave(decimation, bins.start, kernel))
    return tuple(octaves)


def _quality(bins_per_octave: int) -> float:
    """Centre frequency over bandwidth that makes neighbouring bins meet."""
    step = 2.0 ** (2.0 / bins_per_octave)
    return float((step + 1) / (step - 1))


def _kernel(
    hz: NDArray[np.float64], sample_rate: int, decimation: int, quality: float
) -> FloatArray:
    """Windowed complex tones, thinned in frequency, as a matrix over a frame's samples."""
    rate = sample_rate / decimation
    lengths = quality * rate / hz
    size = int(2 ** np.ceil(np.log2(lengths.max())))
    tones = np.zeros((hz.size, size), dtype=np.complex128)
    for row, (frequency, length) in enumerate(zip(hz, lengths, strict=True)):
        at = np.arange(-length // 2, length // 2)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(at.size) / at.size)
        tone = np.exp(2j * np.pi * frequency / rate * at) * window
        begin = (size - at.size) // 2
        tones[row, begin : begin + at.size] = tone / window.sum() * np.sqrt(length * decimation)
    spectra = np.fft.fft(tones, axis=1)[:, : size // 2 + 1]
    spectra[np.abs(spectra) < _thresholds(np.abs(spectra))] = 0
    # A frame's transform times these spectra, summed over frequency, is the frame times this.
    kernel = (np.fft.fft(spectra, n=size, axis=1) / size).T
    return np.concatenate([kernel.real, kernel.imag], axis=1).astype(np.float32)


def _thresholds(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per row the magnitude below which values together hold no more than `SPARSITY` of all."""
    ranked = np.sort(magnitudes, axis=1)
    shares = np.cumsum(ranked / ranked.sum(axis=1, keepdims=True), axis=1)
    place = np.minimum((shares < SPARSITY).sum(axis=1), ranked.shape[1] - 1)
    threshold: NDArray[np.float64] = np.take_along_axis(ranked, place[:, None], axis=1)
    return threshold
