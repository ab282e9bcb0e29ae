"""What a sound looks like while it is gone through, wherever it is decoded: `Stream`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from genrescope.audio.info import SoundInfo
from genrescope.types import FloatArray, Notice


class Stream(Protocol):
    """One open sound as mono; see `genrescope.audio.decode.AudioStream`."""

    info: SoundInfo

    @property
    def exact_samples(self) -> int | None:
        """Samples that `blocks` will give, where the header is known to be right; else None."""
        ...

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What went wrong with samples given out so far."""
        ...

    def blocks(self) -> Iterator[FloatArray]:
        """Mono float32 (n,), n ≥ 1, once."""
        ...

    def close(self) -> None:
        """Let go of it; twice does no harm."""
        ...


@runtime_checkable
class StreamSource(Protocol):
    """A sound that is decoded elsewhere, as in another process.

    Attributes
    ----------
    name : str
        What it is called before people.
    """

    name: str

    def open_stream(self, start: float, duration: float | None) -> Stream:
        """Begin at `start` seconds, for `duration` seconds at most; raises `AudioError`."""
        ...
