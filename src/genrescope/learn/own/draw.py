"""Pictures of songs, drawn once by the line and kept in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrescope.audio import listen
from genrescope.audio.source import source_name
from genrescope.classification.drawing import Drawn, draw_spans
from genrescope.learn.excerpts import UnitBytes
from genrescope.models.whole import write_whole
from genrescope.spectrogram.picture import scale_unit
from genrescope.types import EmptyAudioError, SpectrogramSpec, refuse

SPANS = 4
"""Of a longer song so many spans from its middle are drawn: two minutes with our recipes."""

VERSION = 1
"""Raised when pictures of the same file would come out otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheets:
    """What was drawn of one song by one recipe: uint8 (spans, bands, columns)."""

    values: UnitBytes

    @property
    def digest(self) -> str:
        """SHA-256 of the values: the same sound in another file has the same."""
        return hashlib.sha256(self.values.tobytes()).hexdigest()


def draw_song(path: Path, specs: Sequence[SpectrogramSpec]) -> tuple[Sheets, ...]:
    """Draw a song's spans as they are drawn when it is classified.

    A span has as many columns as its windows have together; one of a short song, or the last of
    a long one, is repeated to that width. What is less than half a span is left away where there
    is another.

    Parameters
    ----------
    path : Path
    specs : sequence of SpectrogramSpec

    Returns
    -------
    tuple of Sheets
        One a recipe, each with one to `SPANS` spans.

    Raises
    ------
    AudioError
        If the file is no sound, or is silent.
    """
    start, duration = _middle(path, specs[0])
    try:
        return _draw(path, specs, start, duration)
    except EmptyAudioError:
        if not start:
            raise
        return _draw(path, specs, 0.0, duration)  # it is shorter than its header says


def _draw(
    path: Path, specs: Sequence[SpectrogramSpec], start: float, duration: float
) -> tuple[Sheets, ...]:
    drawn: dict[SpectrogramSpec, list[Drawn]] = {spec: [] for spec in specs}
    with listen(path, start=start, duration=duration) as recording:
        for one in draw_spans(recording, specs):
            drawn[one.spectrogram.spec].append(one)
    return tuple(_sheets(drawn[spec], spec, path) for spec in specs)


def _span_seconds(spec: SpectrogramSpec) -> float:
    return spec.windows_per_span * spec.window_samples / spec.sample_rate


def _middle(path: Path, spec: SpectrogramSpec) -> tuple[float, float]:
    """Where to begin and how much to hear: from the middle, on the grid of spans."""
    span = _span_seconds(spec)
    with listen(path) as recording:
        length = recording.info.seconds or 0.0
    before = max(0, int((length - SPANS * span) / 2 / span))
    return before * span, SPANS * span


def _sheets(drawn: list[Drawn], spec: SpectrogramSpec, path: Path) -> Sheets:
    refuse(not drawn, f"{source_name(path)}: no window could be cut from it", EmptyAudioError)
    enough = [one for one in drawn if 2 * len(one.window_columns) >= spec.windows_per_span]
    width = spec.windows_per_span * spec.frames
    rows = []
    for one in enough or drawn[:1]:
        unit = scale_unit(one.spectrogram.values, spec.dynamic_range_db)
        hops = max(1, unit.shape[1] - 1)  # drawn centred, there is one column more
        columns = np.arange(width) % min(width, hops)
        rows.append(np.rint(unit[:, columns] * 255).astype(np.uint8))
    return Sheets(np.stack(rows))


class Drawings:
    """A folder of drawn songs: what is there is not drawn again.

    Parameters
    ----------
    folder : Path
    specs : sequence of SpectrogramSpec
    """

    def __init__(self, folder: Path, specs: Sequence[SpectrogramSpec]) -> None:
        self.folder, self.specs = folder, tuple(specs)

    def draw(self, path: Path) -> tuple[Sheets, ...]:
        """As `draw_song`, from the folder where the file has not changed since.

        Raises
        ------
        AudioError
            If the file is no sound, or is silent.
        ModelError
            If the folder cannot be written.
        """
        places = [self._place(path, spec) for spec in self.specs]
        kept = [_read(place, spec) for place, spec in zip(places, self.specs, strict=True)]
        if all(one is not None for one in kept):
            return tuple(one for one in kept if one is not None)
        sheets = draw_song(path, self.specs)
        for place, one in zip(places, sheets, strict=True):
            write_whole(place, _shape(one.values) + one.values.tobytes())
        return sheets

    def _place(self, path: Path, spec: SpectrogramSpec) -> Path:
        try:
            real = path.resolve()
            state = real.stat()
            what = f"{real}\n{state.st_size}\n{state.st_mtime_ns}\n{spec!r}\n{VERSION}"
        except (OSError, RuntimeError):  # a loop of links
            what = f"{path}\n{spec!r}"
        key = hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / key[:2] / f"{key}.u8"


def _shape(values: UnitBytes) -> bytes:
    return np.asarray(values.shape, dtype="<u4").tobytes()


def _read(path: Path, spec: SpectrogramSpec) -> Sheets | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    shape = np.frombuffer(content[:12], dtype="<u4") if len(content) > 12 else np.zeros(3)
    spans, bands, columns = (int(n) for n in shape)
    wanted = (spec.bands, spec.windows_per_span * spec.frames)
    whole = (bands, columns) == wanted and len(content) == 12 + spans * bands * columns
    if not whole:
        return None
    return Sheets(np.frombuffer(content, dtype=np.uint8, offset=12).reshape(spans, bands, columns))
