"""A long sound drawn piece by piece: pieces and the whole are one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.apps import tiles
from genrescope.audio import KeptBand, Trim
from genrescope.types import GenrescopeError

RATE = 44100


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiles") / "a.wav"
    times = np.arange(60 * RATE) / RATE
    sweep = 0.5 * np.sin(2 * np.pi * (100 + 40 * times) * times) * (times % 2 < 1.5)
    soundfile.write(path, sweep.astype(np.float32), RATE)
    return path


def test_the_overview_has_few_columns_and_every_peak(song: Path) -> None:
    whole = tiles.draw_overview(song, 60.0)
    assert whole.level == tiles.overview_level(60.0) == 1
    assert len(whole.peaks) == whole.power.shape[1] == -(-60 * tiles.RATE // 1024)
    assert whole.peaks.min() < -0.49
    assert whole.peaks.max() > 0.49
    half = whole.power.max(axis=1).argmax()
    assert half > 0


@pytest.mark.parametrize("number", [0, 1, 4, 5])
def test_a_tile_is_a_piece_of_the_overview(song: Path, number: int) -> None:
    whole = tiles.draw_overview(song, 60.0)
    tile = tiles.draw_tile(song, whole.level, number)
    piece = slice(number * tiles.TILE_COLUMNS, (number + 1) * tiles.TILE_COLUMNS)
    there = whole.peaks[piece]
    assert len(there) - 1 <= len(tile.peaks) <= len(there) + 1
    count = min(len(there), len(tile.peaks)) - 1
    assert np.abs(there[:count] - tile.peaks[:count]).max() < 0.02
    shades = [tiles.to_bytes(one, whole.loudest)[1] for one in (whole, tile)]
    apart = np.abs(shades[0][:, piece][:, :count].astype(int) - shades[1][:, :count])
    assert np.percentile(apart, 99) <= 8  # of 255, where 80 dB are all: 2.5 dB
    assert apart.mean() < 1


def test_finer_tiles_and_the_end(song: Path) -> None:
    fine = tiles.draw_tile(song, 0, 3)
    assert fine.peaks.shape == (256, 2)
    assert fine.power.shape == (128, 256)
    assert tiles.draw_tile(song, 0, 4000).peaks.shape == (0, 2)
    for level, number in ((-1, 0), (99, 0), (0, -1)):
        with pytest.raises(GenrescopeError, match="no tile"):
            tiles.draw_tile(song, level, number)


def test_bytes_for_the_browser() -> None:
    columns = tiles.Columns(
        np.array([[-2, 1]], dtype=np.float32), np.array([[1.0], [1e-4], [0]], dtype=np.float32), 0
    )
    peaks, shades = tiles.to_bytes(columns, 1.0)
    assert peaks.tolist() == [[-127, 127]]
    assert shades[:, 0].tolist() == [255, 128, 0]


def test_the_overview_of_a_part(song: Path) -> None:
    whole = tiles.draw_overview(song, 60.0)
    part = tiles.draw_overview(song, 30.0, 12.0, 20.0)
    assert len(part.peaks) * part.column_seconds == pytest.approx(20, abs=part.column_seconds)
    quiet = np.abs(part.peaks).max(axis=1) < 0.01
    seconds = 12.0 + part.column_seconds * (np.flatnonzero(quiet) + 0.5)
    assert ((seconds % 2 > 1.45) | (seconds % 2 < 0.05)).all()  # where the sweep pauses
    assert whole.level > part.level


def test_the_overview_of_a_changed_sound(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.wav"
    samples, rate = soundfile.read(song, frames=10 * RATE, dtype="float32")
    soundfile.write(path, np.concatenate([np.zeros(5 * rate, np.float32), samples]), rate)
    as_it_is = tiles.draw_overview(path, 15.0)
    trimmed = tiles.draw_overview(path, 10.0, changes=[Trim(), KeptBand(2000, 9000)])
    assert np.abs(as_it_is.peaks[:200]).max() < 0.01
    assert len(trimmed.peaks) * trimmed.column_seconds == pytest.approx(9.6, abs=0.1)
    assert np.abs(trimmed.peaks[5:40]).max() < 0.1  # the sweep begins below the band
    assert np.abs(trimmed.peaks[-100:]).max() < np.abs(as_it_is.peaks[-100:]).max()
