"""What a file says of itself, `SoundInfo`, and what reads one, `Decoder`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from genrescope.types import FloatArray

CHUNK_FRAMES = 32768
"""Samples per channel that a decoder hands out at once, at most by its own packet size more."""


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a sound file says of itself before it is decoded.

    Attributes
    ----------
    container, codec : str
        Names as the decoder has them, in lower case: ``wav`` and ``pcm_16``, ``mp3`` and
        ``mpeg_layer_iii``, ``mov,mp4,m4a,3gp,3g2,mj2`` and ``aac``.
    sample_rate : int
        In Hz.
    channels : int
    seconds : float or None
        Length that the header states (or implies), if any; the sound may prove shorter.
    bit_rate : int or None
        In bits per second, over the whole file.
    decoder : str
        ``soundfile`` or ``FFmpeg``.
    """

    container: str
    codec: str
    sample_rate: int
    channels: int
    seconds: float | None
    bit_rate: int | None
    decoder: str


class Decoder(Protocol):
    """One open sound file.

    Attributes
    ----------
    info : SoundInfo
    length_trusted : bool
        Whether a sound that proves shorter than ``info.seconds`` must have been cut off.
    length_exact : bool
        Whether ``info.seconds`` times the rate is the number of samples, to the sample.
    unbounded : bool
        Whether samples are stored as floating point, so that any scale is possible.
    faults : list of str
        Reasons for which parts could not be decoded, so far.
    behind : int
        Bytes of the file behind what was read, once the sound has ended; tags are among them.
    """

    info: SoundInfo
    length_trusted: bool
    length_exact: bool
    unbounded: bool
    faults: list[str]
    behind: int

    def chunks(self, start: float) -> Iterator[FloatArray]:
        """Float32 (n, channels), n ≥ 1, from `start` seconds to the end; may be called again.

        Raises only while nothing has been handed out; later trouble goes to `faults`.
        """
        ...

    def close(self) -> None:
        """Let go of the native handles; twice does no harm."""
        ...
