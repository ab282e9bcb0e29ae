"""Standard streams that are closed, narrow or not UTF-8, and names that are empty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genrescope.apps.cli.entry import SPELT, ready_streams, spell

COMMAND = f"{sys.executable} -m genrescope"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        line,
        shell=True,
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_fault(closed: str, samples: Path) -> None:
    clip = samples / "country_short_1s5.mp3"
    done = shell(f"{COMMAND} classify --json {clip} {closed}")
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    if ">&-" not in closed.replace("2>&-", ""):
        assert json.loads(done.stdout)["model"] == "mobilenetv3_mel"


def test_standard_input_that_is_closed_holds_no_sound() -> None:
    done = shell(f"{COMMAND} classify - <&-")
    assert done.returncode == 1
    assert b"the file is empty" in done.stderr


def test_a_stream_that_is_not_utf8_spells_what_it_lacks(samples: Path, tmp_path: Path) -> None:
    clip = tmp_path / "中 🎵.mp3"
    clip.write_bytes((samples / "country_short_1s5.mp3").read_bytes())
    text = shell(f"{COMMAND} classify '{clip}'", PYTHONIOENCODING="latin-1")
    assert text.returncode == 0
    assert b"Traceback" not in text.stderr
    assert b"\\u4e2d" in text.stdout
    assert b"###" in text.stdout
    told = shell(f"{COMMAND} classify --json '{clip}'", PYTHONIOENCODING="ascii")
    assert json.loads(told.stdout)["source"].endswith("中 🎵.mp3")


def test_spelling() -> None:
    ready_streams()
    assert "5 █▌ 中 é".encode("latin-1", SPELT) == b"5 ## \\u4e2d \xe9"
    wrong = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")
    with pytest.raises(UnicodeDecodeError):
        spell(wrong)


@pytest.mark.parametrize("columns", ["0", "000", ""])
def test_a_terminal_without_width_is_written_to(columns: str) -> None:
    done = shell(f"{COMMAND} classify nothing.mp3", COLUMNS=columns)
    assert done.returncode == 1
    assert b"no such file: nothing.mp3" in done.stderr


@pytest.mark.parametrize("command", ["classify", "scan", "similar", "spectrogram -o x.png"])
def test_an_empty_name_is_not_this_folder(command: str, tmp_path: Path) -> None:
    store = f"--store {tmp_path}/s.sqlite" if command in ("scan", "similar") else ""
    done = shell(f"{COMMAND} {command} {store} ''")
    assert done.returncode == 1
    assert b"empty name" in done.stderr or b"no collection yet" in done.stderr
