"""What FFmpeg still finds in a file behind the place where libsndfile ended: damage, or a joint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from genrescope.audio.info import Decoder, SoundInfo
from genrescope.types import DecodeError, FloatArray, Notice

STOPPING = ("mp3", "flac")
"""Where libsndfile stops at damage. In Ogg it closes the hole and goes on to the true end, so that
behind its last sample there is nothing, and what its count of samples names was heard already."""

JOINED = ("mp3", "flac", "ogg")
"""Formats of which one file behind another is a file still: recorded radio streams are such Ogg."""

LEAST_BYTES = 2**12
"""Less than that behind a sound's end is a tag, or what lay in a buffer."""

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
    if info.decoder == "soundfile" and info.container in STOPPING:
        reason = f"libsndfile stopped at {start:.1f} s, FFmpeg read on"
        yield from _beyond(file, info, start, start, lambda: faults.insert(0, reason))


def read_joined(
    file: BinaryIO, decoder: Decoder, start: float, notices: list[Notice]
) -> Iterator[FloatArray]:
    """What was joined to a sound: libsndfile reads the first of several and is content.

    Parameters
    ----------
    file : binary file, seekable
        Left open.
    decoder : Decoder
        What has read the sound to its end.
    start : float
        From where on, in seconds: where it ended, or later.
    notices : list of Notice
        Is told, where something was found.

    Yields
    ------
    ndarray of float32, shape (n, channels)
        At the rate and the number of channels of the first.

    Notes
    -----
    FFmpeg finds no place behind the end that a header states, so it begins anew and what was
    heard is thrown away.
    """
    info = decoder.info
    heard = any(notice.code == "joined" for notice in notices)
    if heard or info.container not in JOINED or decoder.behind < LEAST_BYTES:
        return
    end = min(start, info.seconds or start)
    message = f"the sound that the file states ends at {end:.1f} s; more is joined to it"
    notice = Notice("joined", message, round(end, 3))
    yield from _beyond(file, info, start, 0.0, lambda: notices.append(notice))


def _beyond(
    file: BinaryIO, info: SoundInfo, end: float, seek_to: float, tell: Callable[[], None]
) -> Iterator[FloatArray]:
    """What FFmpeg has behind `end`, looking from `seek_to` on; told of where it is not little."""
    import av

    from genrescope.audio.ffmpeg import FfmpegDecoder

    try:
        decoder = FfmpegDecoder(file)
    except (av.error.FFmpegError, DecodeError, OSError, ValueError):
        return
    try:
        rate, channels = decoder.info.sample_rate, decoder.info.channels
        if (rate, channels) != (info.sample_rate, info.channels):
            return
        coming = _without(decoder.chunks(seek_to), round((end - seek_to) * rate))
        first = list[FloatArray]()
        while sum(chunk.shape[0] for chunk in first) < LEAST_SECONDS * rate:
            try:
                first.append(next(coming))
            except (StopIteration, av.error.FFmpegError, OSError):
                return
        tell()
        yield from chain(first, coming)
    finally:
        decoder.close()


def _without(chunks: Iterator[FloatArray], samples: int) -> Iterator[FloatArray]:
    """All but so many samples at the beginning."""
    for chunk in chunks:
        rest = chunk[min(samples, chunk.shape[0]) :]
        samples -= chunk.shape[0] - rest.shape[0]
        if rest.shape[0]:
            yield rest
