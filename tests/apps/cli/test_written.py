"""What a command writes stands there whole, or what was there before does."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.cli.written import written
from genrescope.apps.drawing import draw_axes
from genrescope.spectrogram import draw
from genrescope.types import GENRESCOPE_MEL, GenrescopeError, Waveform


def test_what_fails_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    path.chmod(0o600)

    def fail() -> None:
        with written(path) as place:
            place.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(GenrescopeError, match=r"x\.csv: cannot be written \(No space left"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with written(path) as place:
        place.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    with written(link) as place:
        place.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "x.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with written(pipe) as place:
        place.write_text("through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("spectrogram", "x.png"),
        ("spectrogram", "x.npy"),
        ("spectrogram --picture", "x.csv"),
        ("timeline", "x.png"),
        ("timeline", "x.json"),
        ("explain", "x.png"),
    ],
)
def test_a_limit_on_the_size_of_files(
    command: str, name: str, samples: Path, tmp_path: Path
) -> None:
    """As `ulimit -f` sets it: the old picture stays, and a sentence says why."""
    path = tmp_path / name
    path.write_bytes(b"old")
    clip = str(samples / "country_short_1s5.mp3")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    done = subprocess.run(
        [sys.executable, "-m", "genrescope", *command.split(), clip, "-o", str(path)],
        capture_output=True, preexec_fn=limit, timeout=120, check=False, text=True,
        env={**os.environ, "GENRESCOPE_CACHE": ""},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{path}: cannot be written (File too large)" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("title", ["\udcff\udcfe.mp3", "中文.mp3", "$\\frac.mp3", "a\nb\x1b[2J"])
def test_every_name_can_be_a_title(title: str, tmp_path: Path) -> None:
    sound = np.random.default_rng(0).standard_normal(22050).astype(np.float32)
    picture = draw(Waveform(sound, 22050), GENRESCOPE_MEL)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        draw_axes(picture, title, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000
