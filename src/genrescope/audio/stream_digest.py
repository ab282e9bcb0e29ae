"""A digest of what a file sounds like, whatever its tags say."""

from __future__ import annotations

import hashlib
from pathlib import Path

from genrescope.audio.ffmpeg import open_container
from genrescope.audio.source import open_source, source_name
from genrescope.types import DecodeError, refuse


def stream_digest(path: Path) -> bytes:
    """SHA-256 over the encoded bytes of a file's sound track, as FFmpeg takes them from it.

    Nothing is decoded. Tags, pictures and padding have no part in it.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DecodeError
        The file cannot be read, or holds no sound track.
    """
    import av

    file, _ = open_source(path)
    digest, packets = hashlib.sha256(), 0
    with file:
        try:
            with open_container(file) as container:
                stream = container.streams.best("audio")
                refuse(stream is None, f"{source_name(path)}: no sound track", DecodeError)
                for packet in container.demux(stream):
                    digest.update(bytes(packet))
                    packets += packet.size > 0
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise DecodeError(f"{source_name(path)}: cannot be read ({error})") from error
    refuse(packets == 0, f"{source_name(path)}: the sound track is empty", DecodeError)
    return digest.digest()
