"""What a sound file says of its music: genre, artist, title."""

from __future__ import annotations

from pathlib import Path

from genrescope.audio.ffmpeg import open_container
from genrescope.audio.source import open_source, source_name
from genrescope.types import DecodeError


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a sound file, e.g. ``genre``, ``artist`` and ``album_artist``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to str
        Keys as FFmpeg names them, in lower case; no value is empty. What belongs to the file
        comes before what belongs to its sound track.

    Raises
    ------
    DecodeError
        The file cannot be read, or FFmpeg does not know what it is.
    """
    import av

    file, _ = open_source(path)
    with file:
        try:
            with open_container(file, "replace") as container:
                stream = container.streams.best("audio")
                found = {} if stream is None else dict(stream.metadata)
                found.update(container.metadata)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise DecodeError(f"{source_name(path)}: no tags can be read ({error})") from error
    cleaned = ((key.lower(), value.replace("\0", ";").strip()) for key, value in found.items())
    return {key: value for key, value in cleaned if value}
