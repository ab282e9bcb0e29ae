"""The parts of the page on speed: what each is called, what it says, how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genrescope.apps.bench import (
    explaining,
    footprint,
    growth,
    installing,
    line,
    networks,
    scanning,
    serving,
    spectrograms,
    together,
    whole,
)
from genrescope.apps.bench.timing import Row
from genrescope.classification.looking import Model

SONG_SECONDS, LONG_SECONDS = 30.0, 240.0
SCANNED = scanning.Sizes(files=60, minutes=3.0, rows=5000, short=200)


@dataclass(frozen=True, slots=True)
class Material:
    """What every part measures with.

    Attributes
    ----------
    source : Path or None
        A recording that songs are made of; None for one that is made up.
    song : Path
        An mp3 of `SONG_SECONDS`.
    models : tuple of Model
        All that are installed and run where none is named; the first stands for the default.
    repeats : int
        Pairs of a short measurement.
    """

    source: Path | None
    song: Path
    models: tuple[Model, ...]
    repeats: int

    @property
    def few(self) -> int:
        """Pairs of one that takes long."""
        return min(3, self.repeats)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page: its name in options, its heading, what it says, how it is measured.

    ``rivals`` is true where others' software stands beside ours, and not ours beside ours;
    ``named``, where it is measured only if it is asked for by name.
    """

    name: str
    title: str
    says: str
    measure: Callable[[Material], tuple[list[Row], str]]
    rivals: bool = True
    named: bool = False


def _spectrograms(on: Material) -> tuple[list[Row], str]:
    return spectrograms.measure(on.song, repeats=on.repeats), ""


def _networks(on: Material) -> tuple[list[Row], str]:
    return networks.measure(on.models, repeats=on.repeats), ""


def _together(on: Material) -> tuple[list[Row], str]:
    return together.measure(on.song, on.models, on.repeats), ""


def _song(on: Material) -> tuple[list[Row], str]:
    return line.measure(on.song, on.models, repeats=on.repeats), ""


def _long(on: Material) -> tuple[list[Row], str]:
    return growth.by_model(on.source, on.models, on.few, 1, LONG_SECONDS), ""


def _ten(on: Material) -> tuple[list[Row], str]:
    return growth.by_model(on.source, on.models[:1], on.few, 10, SONG_SECONDS), ""


def _cold(on: Material) -> tuple[list[Row], str]:
    return whole.measure(on.source, on.models[0]), ""


def _length(on: Material) -> tuple[list[Row], str]:
    rows = growth.by_length(on.source, on.models[0], on.few)
    return rows, growth.grown(rows, "length", growth.LENGTHS[-1] / growth.LENGTHS[0])


def _number(on: Material) -> tuple[list[Row], str]:
    rows = growth.by_number(on.source, on.models[0], 1)
    return rows, growth.grown(rows, "number", growth.COUNTS[-1] / growth.COUNTS[0])


def _scan(on: Material) -> tuple[list[Row], str]:
    return scanning.measure(on.song, on.models[:1], SCANNED), ""


def _explain(on: Material) -> tuple[list[Row], str]:
    return explaining.measure(on.song, on.models[:1], repeats=on.few), ""


def _serve(on: Material) -> tuple[list[Row], str]:
    return serving.measure(on.song, on.models[0].card.name), ""


def _install(on: Material) -> tuple[list[Row], str]:
    return installing.measure(), ""


def _size(on: Material) -> tuple[list[Row], str]:
    return footprint.measure(), ""


PARTS = (
    Part(
        "spectrograms",
        "Spectrograms",
        "30 s of sound to decibels, in one process that is warm; the last row is a whole process.",
        _spectrograms,
    ),
    Part(
        "networks",
        "Networks",
        "One window through every network that is installed, with the same weights.",
        _networks,
    ),
    Part(
        "together",
        "All networks together",
        "One window of a song, its spectrograms drawn: pictures, networks and what they say"
        " together, beside the networks' arithmetic alone.",
        _together,
        rivals=False,
    ),
    Part(
        "song",
        "One song of 30 s",
        "From an mp3 to probabilities, warm; eager PyTorch runs the same network with the same"
        " weights over librosa's spectrogram.",
        _song,
    ),
    Part("long", "One song of four minutes", "The same for a longer song.", _long),
    Part("ten", "Ten songs", "Ten mp3 of 30 s, one after another in one process.", _ten),
    Part(
        "cold",
        "From a cold start",
        "A whole process that classifies one song and ends: import, network, song. Networks and"
        " modules were compiled before. The other's network has fresh weights and is built by this"
        " project's code. Memory is the process's greatest.",
        _cold,
    ),
    Part("length", "Growing with length", "One song, longer and longer, warm.", _length),
    Part(
        "number",
        "Growing with number",
        "`genrescope scan` over more and more songs of 30 s, its start included, beside the loop"
        " that one would write.",
        _number,
        rivals=False,
    ),
    Part(
        "scan",
        "Libraries",
        "A scan of long songs, of a library in which nothing changed, and its memory.",
        _scan,
        rivals=False,
    ),
    Part(
        "explain",
        "Maps and timelines",
        "Beside the classification that they are made from.",
        _explain,
        rivals=False,
    ),
    Part(
        "serve",
        "Serving",
        "A server's start, in a process of its own, and its first page with the scripts and styles"
        " that it names; then time a song, many clients asking.",
        _serve,
        rivals=False,
    ),
    Part(
        "install",
        "Installing",
        "From the package index into an empty environment, with nothing kept from before; PyTorch"
        " as the index has it, with NVIDIA's libraries.",
        _install,
        named=True,
    ),
    Part("size", "Size", "What an installation weighs on the disk.", _size),
)
