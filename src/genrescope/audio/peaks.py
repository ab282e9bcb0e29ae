"""The outline of a waveform, for viewers: `Peaks` and `peaks`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from genrescope.types import AudioError, FloatArray, refuse


class Peaks:
    """Collects the least and the greatest sample of every bucket.

    Parameters
    ----------
    sample_rate : int
        Of the blocks, in Hz.
    buckets_per_second : float
        At most `sample_rate`. Buckets whose length is not whole differ by one sample.
    """

    def __init__(self, sample_rate: int, buckets_per_second: float = 20.0) -> None:
        wrong = not 0 < buckets_per_second <= sample_rate
        refuse(wrong, f"buckets per second must lie in (0, {sample_rate}]", AudioError)
        self._length = sample_rate / buckets_per_second
        self._rest = np.zeros(0, dtype=np.float32)
        self._done = 0
        self._rows: list[FloatArray] = []

    def push(self, block: FloatArray) -> None:
        """Take float32 (n,)."""
        sound = np.concatenate([self._rest, block])
        begin = self._edge(self._done)
        last = int((begin + sound.size + 1e-9) / self._length)
        while self._edge(last) > begin + sound.size:
            last -= 1
        if last <= self._done:
            self._rest = sound
            return
        edges = [self._edge(i) - begin for i in range(self._done, last + 1)]
        self._rows.append(_extremes(sound[: edges[-1]], edges[:-1]))
        self._rest = sound[edges[-1] :].copy()
        self._done = last

    def _edge(self, bucket: int) -> int:
        return round(bucket * self._length)

    def result(self) -> FloatArray:
        """Float32 (buckets, 2): least and greatest; an unfinished bucket counts as one."""
        rows = list(self._rows)
        if self._rest.size:
            rows.append(_extremes(self._rest, [0]))
        return np.concatenate(rows) if rows else np.zeros((0, 2), dtype=np.float32)


def _extremes(samples: FloatArray, edges: list[int]) -> FloatArray:
    low = np.minimum.reduceat(samples, edges)
    high = np.maximum.reduceat(samples, edges)
    return np.stack([low, high], axis=1).astype(np.float32)


def peaks(
    blocks: Iterable[FloatArray], sample_rate: int, buckets_per_second: float = 20.0
) -> FloatArray:
    """Least and greatest sample of every bucket of a stream, float32 (buckets, 2).

    >>> import numpy as np
    >>> peaks([np.array([0, 1, -1, 0.5], dtype=np.float32)], 4, 2).tolist()
    [[0.0, 1.0], [-1.0, 0.5]]
    """
    collected = Peaks(sample_rate, buckets_per_second)
    for block in blocks:
        collected.push(block)
    return collected.result()
