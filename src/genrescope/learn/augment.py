"""Changes to a training window that must not change its genre.

They do two jobs. Masks, shifts, stretches, tilts and mixtures keep a small collection from
being learned by heart (SpecAugment: Park et al. 2019, doi 10.21437/Interspeech.2019-2680;
mixup: Zhang et al. 2018, arXiv 1710.09412). Blur, noise, floors and equalisers hide which
collection a window comes from: collections differ in texture as well as in music, and a network
left to itself learns the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrescope.spectrogram.blocks import multiply
from genrescope.types import FloatArray

Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How strongly windows are changed. Probabilities in [0, 1], sizes in bands or columns.

    Attributes
    ----------
    stretch : float
        Tempo factor drawn from [1 - stretch, 1 + stretch].
    shift_bands : int
        Pitch shift of up to that many bands.
    gain_db, tilt_db, curve_db : float
        Largest gain, slope from lowest to highest band, and smooth equaliser curve.
    contrast : float
        The dB range is scaled by a factor from [1 - contrast, 1 + contrast].
    blur_columns, blur_bands : tuple of (float, float, float)
        Probability, least and greatest standard deviation of a Gaussian.
    noise_db : float
        Greatest standard deviation of added noise, in dB.
    floor : tuple of (float, float)
        Probability, and the highest that the floor rises to in dB.
    low_pass : tuple of (float, float)
        Probability, and the least share of bands that are kept.
    masks, mask_columns, mask_bands : int
        Number of masks on each axis and their greatest width.
    mixup : tuple of (float, float)
        Probability, and alpha of the Beta distribution.
    """

    stretch: float = 0.1
    shift_bands: int = 3
    gain_db: float = 5.0
    tilt_db: float = 10.0
    curve_db: float = 5.0
    contrast: float = 0.15
    blur_columns: tuple[float, float, float] = (0.85, 0.4, 1.4)
    blur_bands: tuple[float, float, float] = (0.6, 0.3, 1.2)
    noise_db: float = 4.0
    floor: tuple[float, float] = (0.35, -38.0)
    low_pass: tuple[float, float] = (0.1, 0.6)
    masks: int = 2
    mask_columns: int = 20
    mask_bands: int = 18
    mixup: tuple[float, float] = (0.5, 0.4)


def cut_windows(
    excerpts: list[NDArray[np.uint8]], frames: int, stretch: float, generator: Generator
) -> FloatArray:
    """One random window of each excerpt, at a random tempo.

    Parameters
    ----------
    excerpts : list of ndarray of uint8, shape (bands, columns)
        Repeated in time where shorter than the window.
    frames : int
    stretch : float
        See `Augmentation`.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (len(excerpts), bands, frames)
        In [0, 1] for −80…0 dB.
    """
    windows = np.empty((len(excerpts), excerpts[0].shape[0], frames), dtype=np.float32)
    factors = generator.uniform(1 - stretch, 1 + stretch, len(excerpts))
    places = generator.uniform(0, 1, len(excerpts))
    for row, (excerpt, factor, place) in enumerate(zip(excerpts, factors, places, strict=True)):
        columns = excerpt.shape[1]
        free = max(0.0, columns - 1 - (frames - 1) * factor)
        at = place * free + np.arange(frames) * factor
        left = np.floor(at).astype(np.int64)
        share = (at - left).astype(np.float32)
        before, after = excerpt[:, left % columns], excerpt[:, (left + 1) % columns]
        windows[row] = before * (1 - share) + after * share
    windows /= 255.0
    return windows


def augment(windows: FloatArray, how: Augmentation, generator: Generator) -> FloatArray:
    """Change every window in its own way.

    Parameters
    ----------
    windows : ndarray of float32, shape (n, bands, frames)
        In [0, 1]; not changed.
    how : Augmentation
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float32, same shape
        In [0, 1].
    """
    changed = _blur(windows, how.blur_columns, 2, generator)
    changed = _blur(changed, how.blur_bands, 1, generator)
    changed = _shift(changed, how.shift_bands, generator)
    changed = _equalise(changed, how, generator)
    changed = _roughen(changed, how, generator)
    _mask(changed, how, generator)
    return changed


def _blur(
    windows: FloatArray, how: tuple[float, float, float], axis: int, generator: Generator
) -> FloatArray:
    chance, least, most = how
    count, size = windows.shape[0], windows.shape[axis]
    drawn = generator.uniform(least, most, count)
    sigma = np.where(generator.uniform(size=count) < chance, drawn, 1e-3)
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    kernels = np.exp(-0.5 * (distance[None] / sigma[:, None, None]) ** 2)
    kernels = (kernels / kernels.sum(axis=1, keepdims=True)).astype(np.float32)
    if axis == 2:
        return multiply(windows, kernels)
    return multiply(kernels.swapaxes(1, 2), windows)


def _shift(windows: FloatArray, most: int, generator: Generator) -> FloatArray:
    shifted = np.empty_like(windows)
    bands = windows.shape[1]
    for row, steps in enumerate(generator.integers(-most, most + 1, len(windows))):
        shifted[row] = windows[row, np.clip(np.arange(bands) - steps, 0, bands - 1)]
    return shifted


def _equalise(windows: FloatArray, how: Augmentation, generator: Generator) -> FloatArray:
    count, bands, _ = windows.shape
    place = np.linspace(-0.5, 0.5, bands)[None, :]
    gain = generator.uniform(-how.gain_db, how.gain_db, (count, 1))
    tilt = generator.uniform(-how.tilt_db, how.tilt_db, (count, 1)) * place
    waves = generator.uniform(1, 4, (count, 1))
    phase = generator.uniform(0, 2 * np.pi, (count, 1))
    depth = generator.uniform(0, how.curve_db, (count, 1))
    curve = depth * np.sin(2 * np.pi * waves * place + phase)
    contrast = generator.uniform(1 - how.contrast, 1 + how.contrast, (count, 1, 1))
    change = ((gain + tilt + curve) / 80.0).astype(np.float32)[:, :, None]
    equalised = 1 - (1 - windows) * contrast.astype(np.float32) + change
    drawn = generator.uniform(how.low_pass[1], 1.0, count)
    keep = np.where(generator.uniform(size=count) < how.low_pass[0], drawn, 1.0)
    passed = np.arange(bands)[None, :] < np.rint(keep * bands)[:, None]
    result: FloatArray = np.where(passed[:, :, None], equalised, 0.0).astype(np.float32)
    return result


def _roughen(windows: FloatArray, how: Augmentation, generator: Generator) -> FloatArray:
    count = len(windows)
    chance, highest = how.floor
    drawn = generator.uniform(0.0, 1 + highest / 80.0, count)
    floors = np.where(generator.uniform(size=count) < chance, drawn, 0.0)
    depth = generator.uniform(min(0.3, how.noise_db), how.noise_db, count) / 80.0
    noise = generator.standard_normal(windows.shape, dtype=np.float32)
    noisy = windows + noise * depth.astype(np.float32)[:, None, None]
    rough: FloatArray = np.clip(noisy, floors.astype(np.float32)[:, None, None], 1.0)
    return rough


def _mask(windows: FloatArray, how: Augmentation, generator: Generator) -> None:
    count, bands, frames = windows.shape
    means = windows.mean(axis=(1, 2)).tolist()
    for _ in range(how.masks):
        wide = np.asarray(generator.integers(0, how.mask_columns + 1, count))
        high = np.asarray(generator.integers(0, how.mask_bands + 1, count))
        left = (generator.uniform(size=count) * (frames - wide)).astype(int)
        low = (generator.uniform(size=count) * (bands - high)).astype(int)
        for row in range(count):
            windows[row, :, left[row] : left[row] + wide[row]] = means[row]
            windows[row, low[row] : low[row] + high[row], :] = means[row]


def mix(
    windows: FloatArray, targets: FloatArray, how: tuple[float, float], generator: Generator
) -> tuple[FloatArray, FloatArray]:
    """Blend the batch with itself in another order, in some batches.

    Parameters
    ----------
    windows : ndarray of float32, shape (n, bands, frames)
    targets : ndarray of float32, shape (n, genres)
    how : tuple of (float, float)
        Probability, and alpha of the Beta distribution.
    generator : numpy.random.Generator

    Returns
    -------
    tuple of (ndarray, ndarray)
        Of the same shapes.
    """
    if generator.uniform() >= how[0]:
        return windows, targets
    share = generator.beta(how[1], how[1], len(windows)).astype(np.float32)
    order = generator.permutation(len(windows))
    blend = share[:, None, None]
    mixed = windows * blend + windows[order] * (1 - blend)
    blended = targets * share[:, None] + targets[order] * (1 - share[:, None])
    return mixed, blended
