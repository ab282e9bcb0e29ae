"""From sample recordings and a generator to hostile files: `Maker`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, cast

import numpy as np

from genrescope.apps.fuzz.findings import Case
from genrescope.apps.fuzz.inventions import INVENTIONS
from genrescope.apps.fuzz.mutations import MUTATIONS, WEIGHTS
from genrescope.audio import open_audio
from genrescope.types import FloatArray, GenrescopeError, refuse

SECONDS, BEGIN = 2.0, 0.2
HEAD_BYTES = 48_000
FORMATS = (
    *(("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("RF64", "PCM_16")),
    *(("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_16")),
    *(("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
)
CODED = (("ipod", "aac"), ("adts", "aac"), ("matroska", "libopus"), ("wav", "adpcm_ms"))
"""Containers and codecs that only FFmpeg writes."""

SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aiff", ".opus", ".webm", ".WAV")
STEMS = (
    b"song",
    b"two\nlines",
    "🎵 emoji 🎷".encode(),
    b"-rf",
    b"--model",
    "txt\u202e3pm".encode(),
    "\u2066شعر\u2069".encode(),
    b"stray \xff\xfe bytes",
    b"[red]markup[bold] %s {0} $(id) `id`",
    b"quote ' and \" and ; rm",
    b"tab\tand\x1b[31mred\x07",
    b" space ",
    b"CON",
    b"e\xcc\x81 composed",
    b"*?~!#&|",
    b"\\..\\..\\up",
)
LONGEST_NAME = 255


def hostile_name(number: int, generator: np.random.Generator) -> bytes:
    """A file name that somebody's program stumbles over; none twice for different numbers."""
    suffix = SUFFIXES[int(generator.integers(len(SUFFIXES)))].encode()
    stem = STEMS[int(generator.integers(len(STEMS)))] + b" %d" % number
    if generator.random() < 0.1:
        stem = stem + b"x" * (LONGEST_NAME - len(stem) - len(suffix))
    return stem + suffix


class Maker:
    """Makes the same hostile files from the same numbers.

    Parameters
    ----------
    samples : Path
        A folder of recordings to begin with.
    sounds : int
        How many of them are taken.

    Raises
    ------
    GenrescopeError
        If none can be read.
    """

    def __init__(self, samples: Path, sounds: int = 4) -> None:
        self.bases: list[tuple[str, bytes]] = []
        taken = 0
        for path in sorted(samples.iterdir()) if samples.is_dir() else []:
            if path.is_file() and taken < sounds:
                taken += self._take(path)
            elif path.is_file() and path.suffix in SUFFIXES:
                self.bases.append((f"{path.name} head", path.read_bytes()[:HEAD_BYTES]))
        refuse(not self.bases, f"{samples}: no recording to begin with", GenrescopeError)

    def _take(self, path: Path) -> bool:
        try:
            with open_audio(path, start=BEGIN, duration=SECONDS) as stream:
                samples = np.concatenate(list(stream.blocks()))
                rate = stream.info.sample_rate
        except GenrescopeError:
            return False
        self.bases.append((f"{path.name} head", path.read_bytes()[:HEAD_BYTES]))
        samples = np.clip(samples, -1, 1)
        for container, codec in FORMATS:
            self.bases.append(
                (f"{path.name} {container} {codec}", write(samples, rate, container, codec))
            )
        for container, codec in CODED:
            self.bases.append(
                (f"{path.name} {container} {codec}", encode(samples, rate, container, codec))
            )
        return True

    def make(self, number: int, generator: np.random.Generator) -> Case:
        """One hostile file.

        Parameters
        ----------
        number : int
            Stands in its name.
        generator : numpy.random.Generator
        """
        name = hostile_name(number, generator)
        if generator.random() < 0.15:
            made = list(INVENTIONS)[int(generator.integers(len(INVENTIONS)))]
            return Case(name, INVENTIONS[made](generator), (made,))
        base, content = self.bases[int(generator.integers(len(self.bases)))]
        recipe = [base]
        kinds, weights = list(MUTATIONS), np.array(WEIGHTS) / sum(WEIGHTS)
        for _ in range(int(generator.integers(1, 4))):
            if generator.random() < 0.08:
                other, more = self.bases[int(generator.integers(len(self.bases)))]
                content, kind = content + more, f"followed by {other}"
            else:
                kind = kinds[int(generator.choice(len(kinds), p=weights))]
                content = MUTATIONS[kind](content, generator)
            recipe.append(kind)
        return Case(name, content, tuple(recipe))


def write(samples: FloatArray, rate: int, container: str, codec: str) -> bytes:
    """A mono sound in one of libsndfile's formats."""
    import soundfile

    if codec == "OPUS":
        rate = 48000  # whatever it is: Opus knows few rates, and this need not sound well
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=codec)
    return file.getvalue()


def encode(samples: FloatArray, rate: int, container: str, codec: str) -> bytes:
    """A mono sound in one of FFmpeg's formats."""
    import av
    from av.audio.stream import AudioStream

    file = io.BytesIO()
    with av.open(cast("IO[bytes]", file), "w", format=container) as output:
        stream = cast(
            AudioStream, output.add_stream(codec, rate=48000 if "opus" in codec else rate)
        )
        stream.layout = "mono"
        whole = np.rint(samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate = stream.rate
        resampler = av.AudioResampler(stream.format.name, "mono", stream.rate, stream.frame_size)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()
