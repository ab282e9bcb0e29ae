"""Samples as they ought to be: finite, mono, and on the usual scale."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from genrescope.types import FloatArray, Notice

CEILING = 8.0
"""No sample leaves decoding beyond ±this (18 dB over full scale); overshoots below it are left
as they are, because clipping them would add overtones that the music does not have."""


def loudness_scale(chunks: Iterable[FloatArray]) -> float:
    """What to divide floating point samples by: 1, or a power of two of integer samples.

    Some programs write floating point files on the scale of 16 or 24-bit integers. The median of
    the peaks of all chunks that are not silent is what counts, so that a single broken sample
    does not shrink the music.

    Parameters
    ----------
    chunks : iterable of float32 (n, channels)

    Returns
    -------
    float
        1 where the typical peak is within ±`CEILING`; else the least of 2**7, 2**15, 2**23 and
        2**31 that holds it.
    """
    peaks = []
    for chunk in chunks:
        magnitude = np.abs(chunk[np.isfinite(chunk)])
        if magnitude.size and magnitude.max() > 0:
            peaks.append(float(magnitude.max()))
    typical = float(np.median(peaks)) if peaks else 0.0
    if typical <= CEILING:
        return 1.0
    return next((float(2**bits) for bits in (7, 15, 23) if typical <= 2**bits), float(2**31))


CANCELLED = 0.02
"""Channels that have nothing to do with each other keep a share of their power of one by their
number when they are mixed; those that keep less than this part of it work against each other."""
_AUDIBLE_POWER = 1e-6  # -60 dB


class Levels:
    """Mixes to mono, replaces what is not finite, scales, and counts what it did.

    Parameters
    ----------
    scale : float
        Samples are divided by it; see `loudness_scale`.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._not_finite = 0
        self._limited = 0
        self._samples = 0
        self._power = self._mixed_power = self._unrelated_power = 0.0

    def mono(self, chunk: FloatArray) -> FloatArray:
        """Float32 (n, channels) to its mean over channels, (n,)."""
        low, high = float(chunk.min(initial=0)), float(chunk.max(initial=0))  # NaN if one is
        if not (math.isfinite(low) and math.isfinite(high)):
            wrong = ~np.isfinite(chunk)
            self._not_finite += int(wrong.any(axis=1).sum())
            chunk = np.where(wrong, np.float32(0), chunk)
            low, high = float(chunk.min(initial=0)), float(chunk.max(initial=0))
        if self._scale != 1:
            chunk = (chunk / np.float32(self._scale)).astype(np.float32)
        if max(-low, high) / self._scale > CEILING:
            beyond = np.abs(chunk) > CEILING
            self._limited += int(beyond.any(axis=1).sum())
            chunk = np.clip(chunk, -CEILING, CEILING)
        if chunk.shape[1] == 1:
            return np.ascontiguousarray(chunk[:, 0])
        if chunk.shape[1] == 2:  # the same bits as the mean, in a fifth of its time
            mixed = (chunk[:, 0] + chunk[:, 1]) / np.float32(2)
        else:
            mixed = np.asarray(chunk.mean(axis=1), dtype=np.float32)
        self._weigh(chunk, mixed)
        return mixed

    def _weigh(self, chunk: FloatArray, mixed: FloatArray) -> None:
        """Add up the power of the channels, and of what their mixing left."""
        self._samples += len(mixed)
        power = float(np.vdot(chunk, chunk)) / chunk.shape[1]
        self._power += power
        self._unrelated_power += power / chunk.shape[1]
        self._mixed_power += float(np.vdot(mixed, mixed))

    def notices(self) -> tuple[Notice, ...]:
        """``non-finite``, ``out-of-scale`` and ``out-of-phase``, where they happened."""
        found = []
        if self._not_finite:
            text = f"{self._not_finite} samples were not numbers (NaN or infinite) and became 0"
            found.append(Notice("non-finite", text, float(self._not_finite)))
        if self._scale != 1:
            text = f"samples are on a scale of ±{self._scale:.0f} instead of ±1: divided by it"
            found.append(Notice("out-of-scale", text, self._scale))
        if self._limited:
            text = f"{self._limited} samples lay beyond ±{CEILING:g} and were limited to it"
            found.append(Notice("out-of-scale", text, float(self._limited)))
        audible = self._power > _AUDIBLE_POWER * self._samples
        if audible and self._mixed_power < CANCELLED * self._unrelated_power:
            share = self._mixed_power / self._power
            text = f"the channels cancel each other: {share:.1%} of their power is left when mixed"
            found.append(Notice("out-of-phase", text, share))
        return tuple(found)
