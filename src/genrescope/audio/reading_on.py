"""What FFmpeg still finds in a damaged file behind the place where libsndfile gave up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from genrescope.audio.info import SoundInfo
from genrescope.types import DecodeError, FloatArray

STOPPING = ("mp3", "flac")
"""Where libsndfile stops at damage. In Ogg it closes the hole and goes on to the true end, so that
behind its last sample there is nothing, and what its count of samples names was heard already."""

LEAST_SECONDS = 0.5
"""Less than that is the same end, read a little otherwise."""


def read_on(
    file: BinaryIO, info: SoundInfo, start: float, faults: list[str]
) -> Iterator[FloatArray]:
    """The rest of a sound that libsndfile ended before its time.

    Parameters
    ----------
    file : binary file, seekable
        Left open.
    info : SoundInfo
        What libsndfile said of it; nothing is read of a sound that FFmpeg takes for another.
    start : float
        Where it ended, in seconds.
    faults : list of str
        Is told, where something was found.

    Yields
    ------
    ndarray of float32, shape (n, channels)
    """
    import av

    from genrescope.audio.ffmpeg import FfmpegDecoder

    if info.decoder != "soundfile" or info.container not in STOPPING:
        return
    try:
        decoder = FfmpegDecoder(file)
    except (av.error.FFmpegError, DecodeError, OSError, ValueError):
        return
    try:
        rate, channels = decoder.info.sample_rate, decoder.info.channels
        if (rate, channels) != (info.sample_rate, info.channels):
            return
        coming, first = decoder.chunks(start), list[FloatArray]()
        while sum(chunk.shape[0] for chunk in first) < LEAST_SECONDS * rate:
            try:
                first.append(next(coming))
            except (StopIteration, av.error.FFmpegError, OSError):
                return
        faults.insert(0, f"libsndfile stopped at {start:.1f} s, FFmpeg read on")
        yield from chain(first, coming)
    finally:
        decoder.close()
