"""Generated sounds, and a pipe to read them from."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genrescope.types import FloatArray

Encode = Callable[..., Path]
"""Writes a sound with one of FFmpeg's encoders: the fixture `encode`."""


def noise(samples: int, seed: int = 0, gain: float = 0.1) -> FloatArray:
    """White noise, float32 (samples,)."""
    return (gain * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def tone(seconds: float, sample_rate: int, hz: float = 440.0, gain: float = 0.5) -> FloatArray:
    """A sine, float32 (n,)."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (gain * np.sin(2 * np.pi * hz * time)).astype(np.float32)


class Pipe(io.RawIOBase):
    """Bytes that can be read once and not sought, as standard input."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)
