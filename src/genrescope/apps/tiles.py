"""A long sound drawn piece by piece, at the zoom that a screen asks for.

A column of level 0 is `FINEST` samples at 22 050 Hz, 23 ms; a level higher, columns are twice as
wide. A tile is `TILE_COLUMNS` of them. An overview is a whole sound at the lowest level at which
it has `MOST_COLUMNS` at most, made in one pass and in memory that does not grow with the sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genrescope.audio import AudioSource, Change, listen, open_stream, resample
from genrescope.spectrogram.decibels import LEAST_POWER
from genrescope.spectrogram.mel import mel_power
from genrescope.types import GENRESCOPE_MEL, EmptyAudioError, FloatArray, GenrescopeError, refuse

FINEST = 512
TILE_COLUMNS = 256
MOST_COLUMNS = 2048
TOP_LEVEL = 14
CHUNK_COLUMNS = 64
HALF_FRAME = GENRESCOPE_MEL.n_fft // 2
RATE = GENRESCOPE_MEL.sample_rate


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Neighbouring columns of a drawn sound.

    Attributes
    ----------
    peaks : ndarray of float32, shape (n, 2)
        Least and greatest sample of every column.
    power : ndarray of float32, shape (bands, n)
        Greatest power of every mel band in every column.
    level : int
    """

    peaks: FloatArray
    power: FloatArray
    level: int

    @property
    def column_seconds(self) -> float:
        """Length of a column."""
        return (FINEST << self.level) / RATE

    @property
    def loudest(self) -> float:
        """Greatest power."""
        return max(float(self.power.max(initial=0.0)), LEAST_POWER)


class Sketcher:
    """Takes samples at 22 050 Hz and makes columns of a level.

    In a column of level 3 or higher four frames are drawn, and no more: what a screen cannot
    show need not be computed.

    Parameters
    ----------
    level : int
    before : ndarray of float32, shape (n,)
        What is heard just before the first column, as far as it is known.
    """

    def __init__(self, level: int, before: FloatArray | None = None) -> None:
        self.level = level
        self._width = FINEST << level
        hop = max(FINEST, self._width // 4)
        self._spec = replace(GENRESCOPE_MEL, hop_length=hop)
        self._lead = -(-HALF_FRAME // hop) * hop
        known = np.zeros(0, dtype=np.float32) if before is None else before[-self._lead :]
        silence = np.zeros(self._lead - known.size, dtype=np.float32)
        self._held = np.concatenate([silence, known])
        self._peaks: list[FloatArray] = []
        self._power: list[FloatArray] = []

    def push(self, samples: FloatArray) -> None:
        """Take float32 (n,)."""
        self._held = np.concatenate([self._held, samples])
        ready = (self._held.size - self._lead - HALF_FRAME) // self._width
        while ready >= CHUNK_COLUMNS:
            self._draw(CHUNK_COLUMNS)
            ready -= CHUNK_COLUMNS

    def finish(self, most: int | None = None) -> Columns:
        """All columns, or the first `most`; an unfinished one counts as one."""
        rest = self._held.size - self._lead
        columns = -(-rest // self._width)
        if columns > 0:
            self._held = np.pad(self._held, (0, columns * self._width - rest + HALF_FRAME))
            self._draw(columns)
        bands = self._spec.bands
        peaks = np.concatenate([np.zeros((0, 2), np.float32), *self._peaks])
        power = np.concatenate([np.zeros((bands, 0), np.float32), *self._power], axis=1)
        return Columns(peaks[:most], power[:, :most], self.level)

    def _draw(self, columns: int) -> None:
        length, hop = columns * self._width, self._spec.hop_length
        sound = self._held[self._lead : self._lead + length].reshape(columns, self._width)
        self._peaks.append(np.stack([sound.min(axis=1), sound.max(axis=1)], axis=1))
        power = mel_power(self._held[: self._lead + length + HALF_FRAME], self._spec)
        first = self._lead // hop
        power = power[:, first : first + length // hop]
        self._power.append(power.reshape(len(power), columns, -1).max(axis=2))
        self._held = self._held[length:].copy()


def overview_level(seconds: float) -> int:
    """The lowest level at which so long a sound has `MOST_COLUMNS` columns at most.

    Examples
    --------
    >>> overview_level(30.0), overview_level(1800.0)
    (0, 6)
    """
    level = 0
    while seconds * RATE / (FINEST << level) > MOST_COLUMNS and level < TOP_LEVEL:
        level += 1
    return level


def draw_overview(
    source: AudioSource,
    seconds: float,
    start: float = 0.0,
    duration: float | None = None,
    changes: Sequence[Change] = (),
) -> Columns:
    """A stretch of a sound as a whole: what a timeline of the same stretch was made from.

    Parameters
    ----------
    source : path or binary file
    seconds : float
        Length of the stretch, as far as it is known; decides the level.
    start, duration : float
        The stretch, in seconds; to the end by default.
    changes : sequence of Change
        Made to the sound first. Where silence is trimmed, the first column is what is left.

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    """
    sketcher = Sketcher(overview_level(seconds))
    with listen(source, start=start, duration=duration, changes=changes) as recording:
        for block in recording.resampled(RATE):
            sketcher.push(block)
    return sketcher.finish()


def draw_tile(source: AudioSource, level: int, number: int, start: float = 0.0) -> Columns:
    """One tile of a sound: only what it shows is decoded.

    Parameters
    ----------
    source : path or binary file
        That can seek.
    level : int
        In [0, `TOP_LEVEL`].
    number : int
        Counted from 0 at `start`.
    start : float
        Where the first tile begins, in seconds.

    Returns
    -------
    Columns
        `TILE_COLUMNS` at most; none beyond the end.

    Raises
    ------
    AudioError
        If the source is no sound.
    GenrescopeError
        If there is no such tile.
    """
    there = 0 <= level <= TOP_LEVEL and 0 <= number < 2**20
    refuse(not there, f"no tile {number} at level {level}", GenrescopeError)
    long = TILE_COLUMNS * (FINEST << level) / RATE
    lead = min(number * long, 2 * HALF_FRAME / RATE)
    begin = start + number * long - lead
    wanted = lead + long + 2 * HALF_FRAME / RATE
    try:
        with closing(open_stream(source, start=begin, duration=wanted)) as stream:
            blocks = list(resample(stream.blocks(), stream.info.sample_rate, RATE))
    except EmptyAudioError:
        return Sketcher(level).finish()
    sound = np.concatenate([np.zeros(0, dtype=np.float32), *blocks])
    edge = round(lead * RATE)
    sketcher = Sketcher(level, sound[:edge])
    sketcher.push(sound[edge:])
    return sketcher.finish(TILE_COLUMNS)


def to_bytes(columns: Columns, loudest: float) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """Columns as a browser takes them.

    Parameters
    ----------
    columns : Columns
    loudest : float
        Power that is 0 dB.

    Returns
    -------
    peaks : ndarray of int8, shape (n, 2)
        Full scale is 127.
    shades : ndarray of uint8, shape (bands, n)
        0 is the floor, 255 is 0 dB; row 0 is the lowest band.
    """
    peaks = np.rint(np.clip(columns.peaks, -1, 1) * 127).astype(np.int8)
    floor = GENRESCOPE_MEL.dynamic_range_db
    decibels = 10 * np.log10(np.maximum(columns.power, LEAST_POWER) / max(loudest, LEAST_POWER))
    shades = np.rint(np.clip(1 + decibels / floor, 0, 1) * 255).astype(np.uint8)
    return peaks, shades
