"""Another sample rate, in a stream: `Resampler` and `resample`.

The filter is libsoxr's (https://sourceforge.net/p/soxr/wiki/Home/). The result does not depend on
how the sound was cut into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np

from genrescope.types import FloatArray

Quality = Literal["QQ", "LQ", "MQ", "HQ", "VHQ"]


def resampled_length(samples: int, source_rate: int, sample_rate: int) -> int:
    """Samples that `samples` become: rounded, halves up, and at least one for at least one.

    >>> resampled_length(44100, 44100, 22050)
    22050
    >>> resampled_length(1, 384000, 22050)
    1
    """
    if samples <= 0:
        return 0
    return max(1, (2 * samples * sample_rate + source_rate) // (2 * source_rate))


class Resampler:
    """Takes blocks at one rate and gives them at another.

    Parameters
    ----------
    source_rate, sample_rate : int
        In Hz. Where they are equal, blocks pass through untouched.
    quality : {'QQ', 'LQ', 'MQ', 'HQ', 'VHQ'}
        libsoxr's; ``HQ`` keeps errors below what 16 bits can hold.
    """

    def __init__(self, source_rate: int, sample_rate: int, quality: Quality = "HQ") -> None:
        self.source_rate = source_rate
        self.sample_rate = sample_rate
        self._taken = 0
        self._given = 0
        self._last = np.zeros(1, dtype=np.float32)
        self._stream: Any = None
        if source_rate != sample_rate:
            import soxr

            self._stream = soxr.ResampleStream(source_rate, sample_rate, 1, "float32", quality)

    def push(self, block: FloatArray) -> FloatArray:
        """Float32 (n,) in, what is ready out, float32 (m,), m ≥ 0."""
        if not block.size:
            return block
        self._taken += block.size
        if self._stream is None:
            return block
        self._last = block[-1:]
        ready = np.asarray(self._stream.resample_chunk(np.ascontiguousarray(block)))
        self._given += ready.size
        return ready

    def finish(self) -> FloatArray:
        """The rest, float32 (m,), so that `resampled_length` samples have come out in all."""
        if self._stream is None or not self._taken:
            return np.zeros(0, dtype=np.float32)
        nothing = np.zeros(0, dtype=np.float32)
        tail = np.asarray(self._stream.resample_chunk(nothing, last=True))
        whole = resampled_length(self._taken, self.source_rate, self.sample_rate)
        wanted = max(0, whole - self._given)
        self._given += wanted
        if tail.size < wanted:
            edge = tail[-1:] if tail.size else self._last
            tail = np.concatenate([tail, np.repeat(edge, wanted - tail.size)])
        return tail[:wanted]


def resample(
    blocks: Iterable[FloatArray], source_rate: int, sample_rate: int, quality: Quality = "HQ"
) -> Iterator[FloatArray]:
    """Blocks of float32 (n,) at `source_rate` as blocks at `sample_rate`, none of them empty."""
    resampler = Resampler(source_rate, sample_rate, quality)
    for block in blocks:
        ready = resampler.push(block)
        if ready.size:
            yield ready
    rest = resampler.finish()
    if rest.size:
        yield rest
