"""A scan killed with -9 at random moments ends equal to an unbroken one.

``GENRESCOPE_KILLS=20 GENRESCOPE_KILL_FILES=1000 pytest -s tests/collection/test_killed.py`` does it
at length, and prints what it saw.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from genrescope.collection.stores import open_store
from genrescope.collection.table import Table, read_table
from tests import onnx_models
from tests.collection.conftest import write_sound

KILLS = int(os.environ.get("GENRESCOPE_KILLS", "2"))
FILES = int(os.environ.get("GENRESCOPE_KILL_FILES", "24"))
WORKERS = 2
MAIN = "from genrescope.apps.cli.main import main; main()"


def command(folder: Path, store: Path, model: Path) -> list[str]:
    options = ["--store", str(store), "--model", str(model), "--workers", str(WORKERS), "--json"]
    return [sys.executable, "-c", MAIN, "scan", str(folder), *options]


def count(store: Path) -> int:
    """Files kept so far, seen from outside."""
    if not store.is_file():
        return 0
    database = sqlite3.connect(store, timeout=60)
    try:
        return int(database.execute("SELECT count(*) FROM file").fetchone()[0])
    except sqlite3.OperationalError:  # the tables are being made
        return 0
    finally:
        database.close()


def run_and_kill(line: list[str], store: Path, wait_seconds: float) -> int:
    """Start a scan, let it keep something, wait, kill it; how many files it had kept."""
    before = count(store)
    scan = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 200
    while count(store) == before and scan.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(wait_seconds)
    seen = count(store)
    scan.send_signal(signal.SIGKILL)
    scan.wait()
    assert count(store) >= seen >= before
    return count(store)


def read(store: Path) -> Table:
    with open_store(store, create=False) as opened:
        table = read_table(opened)
    database = sqlite3.connect(store)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    return table


def test_killed_and_gone_on(tmp_path: Path) -> None:
    generator = random.Random(7)
    folder = tmp_path / "library"
    for number in range(FILES):
        write_sound(folder / f"{number:04}.wav", 100.0 + 3 * number, seconds=0.5)
    (folder / "text.mp3").write_text("no sound")
    model = onnx_models.write(tmp_path).path
    whole, broken = tmp_path / "whole.sqlite", tmp_path / "broken.sqlite"
    subprocess.run(command(folder, whole, model), capture_output=True, check=False)
    for number in range(KILLS):
        kept = run_and_kill(command(folder, broken, model), broken, generator.uniform(0, 0.4))
        print(f"kill {number + 1}: {kept} of {FILES + 1} kept")  # noqa: T201
    done = subprocess.run(command(folder, broken, model), capture_output=True, check=False)
    events = [json.loads(row) for row in done.stdout.splitlines()]
    assert events[-1]["event"] == "end"
    repeated = sum(event["event"] in ("analysed", "recognised", "failed") for event in events)
    assert repeated == events[0]["to_do"]
    first, second = read(whole), read(broken)
    assert len(first) == FILES
    assert first.paths == second.paths
    assert np.array_equal(first.mean, second.mean)
