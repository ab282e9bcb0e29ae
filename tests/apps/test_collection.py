"""The commands for collections, as a person types them."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from genrescope.apps.cli import show
from genrescope.apps.cli.main import app
from tests import onnx_models
from tests.collection.conftest import write_sound

HOSTILE = os.fsdecode(b"st\xff\nray.ogg")
CLIPS = ("jazz_vibe_ace.flac", "disco_con_tutti.mp3", "pop_hyde_acoustic.ogg")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, Path]:
    """A library of real music, and the store that it was scanned into."""
    folder = tmp_path_factory.mktemp("library")
    for name in CLIPS:
        shutil.copy(samples / name, folder / name)
    (folder / CLIPS[2]).rename(folder / HOSTILE)
    (folder / "bad.mp3").write_text("no sound")
    store = folder.parent / "store.sqlite"
    code, out, err = run("scan", str(folder), "--store", str(store), "--workers", "1", "--json")
    assert code == 1, err
    events = [json.loads(line) for line in out.splitlines()]
    assert [e["event"] for e in events].count("analysed") == 3
    assert events[0] == {
        "event": "begin",
        "to_do": 4,
        "unchanged": 0,
        "failed_before": 0,
        "gone": 0,
    }
    assert events[-1]["failed"] == 1
    return folder, store


def run(*arguments: str) -> tuple[int, str, str]:
    show.out.cache_clear()
    show.err.cache_clear()
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, list(arguments))
    known = result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr + ("" if known else str(result.exception))


def test_scan_again(scanned: tuple[Path, Path]) -> None:
    folder, store = scanned
    code, _, err = run("scan", str(folder), "--store", str(store))
    assert code == 0
    assert "0 files to do, 3 unchanged, 1 failed before (--retry" in err


def test_find(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    _, store = scanned
    at = ("--store", str(store))
    code, out, err = run("find", "jazz > 0.5", *at)
    assert (code, "jazz_vibe_ace.flac" in out, "1 found" in err) == (0, True, True)
    code, out, _ = run("find", "--json", "--sort", "entropy", *at)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [r["entropy"] for r in rows] == sorted((r["entropy"] for r in rows), reverse=True)
    assert any(row["path"].endswith(HOSTILE) for row in rows)
    assert run("find", "jazz > 2", *at)[0] == 1
    assert "no genre 'jaz'; there are: " in run("find", "genre = jaz", *at)[2]
    assert run("find", "not genre = JAZZ", *at)[0] == 0
    assert "no field 'polka'" in run("find", "polka > 1", *at)[2]
    assert "expected a number" in run("find", "jazz >", *at)[2]
    assert "must end in .csv" in run("find", "-o", str(tmp_path / "x.doc"), *at)[2]


def test_export(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    _, store = scanned
    at = ("--store", str(store))
    for suffix in ("csv", "jsonl", "m3u"):
        code, _, err = run("find", "-o", str(tmp_path / f"all.{suffix}"), *at)
        assert code == 0
        assert ("wrote 2 files" in err) == ("1 left out" in err) == (suffix == "m3u")
    with (tmp_path / "all.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == 3
    assert any(row["path"].endswith(HOSTILE) for row in rows)
    assert float(rows[0]["Jazz"]) >= 0
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert {json.loads(line)["genre"] for line in lines} == {row["genre"] for row in rows}
    playlist = (tmp_path / "all.m3u").read_bytes().splitlines()
    assert [Path(os.fsdecode(p)).name for p in playlist[2::2]] == [
        "disco_con_tutti.mp3",
        "jazz_vibe_ace.flac",
    ]


def test_parquet(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    _, store = scanned
    assert run("find", "-o", str(tmp_path / "all.parquet"), "--store", str(store))[0] == 0
    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.num_rows == 3
    assert any(os.fsdecode(one).endswith(HOSTILE) for one in table["path_bytes"].to_pylist())
    shares = table.column_names[table.column_names.index("notices") + 1 :]
    assert len(shares) == 16
    assert sum(table[name][0].as_py() for name in shares) == pytest.approx(1.0)


def test_windows_that_were_kept_are_given_back(
    samples: Path, tmp_path: Path, scanned: tuple[Path, Path]
) -> None:
    shutil.copy(samples / CLIPS[0], tmp_path / CLIPS[0])
    place, at = str(tmp_path / CLIPS[0]), ("--store", str(tmp_path / "store.sqlite"))
    assert run("scan", place, "--timeline", "--workers", "1", *at)[0] == 0
    assert run("scan", place, "--windows", "first", "--workers", "1", *at)[0] == 0
    code, out, err = run("find", "--timeline", "--json", *at)
    assert (code, err) == (0, "")
    windows = json.loads(out)["timeline"]
    heard = json.loads(run("classify", place, "--timeline", "--json")[1])["timeline"]
    assert [one["start"] for one in windows] == [one["start"] for one in heard]
    for one, other in zip(windows, heard, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=2e-5)
    assert "goes with --json" in run("find", "--timeline", *at)[2]
    assert "written as .jsonl or .parquet" in run("find", "--timeline", "-o", "x.csv", *at)[2]
    _, out, err = run("find", "--timeline", "--json", "--store", str(scanned[1]))
    assert [json.loads(line)["timeline"] for line in out.splitlines()] == [[], [], []]
    assert "of 3 of 3 files no windows were kept" in err
    _parquet_says_the_same(windows, tmp_path, at)


def _parquet_says_the_same(
    windows: list[dict[str, Any]], folder: Path, at: tuple[str, str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    assert run("find", "--timeline", "-o", str(folder / "all.parquet"), *at)[0] == 0
    (kept,) = parquet.read_table(folder / "all.parquet")["timeline"].to_pylist()
    assert [(one["model"], one["start"]) for one in kept] == [
        (one["model"], one["start"]) for one in windows
    ]
    shares = [dict(one["probabilities"]) for one in kept]
    assert shares == [pytest.approx(one["probabilities"], abs=1e-6) for one in windows]


def test_without_pyarrow_the_extra_is_named(
    scanned: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    _, store = scanned
    code, _, err = run("find", "-o", str(tmp_path / "all.parquet"), "--store", str(store))
    assert (code, ".[parquet]" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_the_report(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    folder, store = scanned
    page = tmp_path / "report.html"
    gone = folder / "jazz_vibe_ace.flac"
    gone.rename(folder / "away.flac")
    try:
        code, _, err = run("find", "-o", str(page), "--language", "zh", "--store", str(store))
    finally:
        (folder / "away.flac").rename(gone)
    assert (code, "a report on 3 files" in err) == (0, True)
    text = page.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    assert text.count("data:image/png;base64,") == 2
    assert "no such file" in text
    assert "bad.mp3" in text
    assert text.count("<circle") == 3
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", text)
    assert "<script" not in text


def test_similar_and_stats(scanned: tuple[Path, Path], samples: Path, tmp_path: Path) -> None:
    folder, store = scanned
    at = ("--store", str(store))
    _, out, _ = run("similar", str(samples / "jazz_vibe_ace.flac"), "--json", *at)
    first = json.loads(out.splitlines()[0])
    assert first["path"].endswith("jazz_vibe_ace.flac")
    assert first["distance"] < 0.01
    _, out, _ = run("similar", str(folder / "jazz_vibe_ace.flac"), "--json", *at)
    assert len(out.splitlines()) == 2
    for file in (samples / "jazz_vibe_ace.flac", folder / "jazz_vibe_ace.flac"):
        _, out, _ = run("similar", str(file), "--by", "embedding", "--json", *at)
        seen = [json.loads(line) for line in out.splitlines()]
        assert 0.01 < seen[-1]["distance"] < 2
    _, out, _ = run("similar", str(samples / "jazz_vibe_ace.flac"), "--by", "embedding", *at)
    assert "jazz_vibe_ace.flac" in out.splitlines()[1]
    assert out.splitlines()[1].split()[0] == "0.000"
    _, out, _ = run("stats", "--json", *at)
    told = json.loads(out)
    assert (told["files"], told["failures"]) == (3, {"decode": 1})
    assert sum(told["genres"].values()) == 3
    code, _, err = run("stats", "--model", "nonsuch", *at)
    assert (code, "not scanned with nonsuch" in err) == (1, True)
    other = tmp_path / "other.db"
    shutil.copy(store, other)
    with sqlite3.connect(other) as database:
        database.execute("UPDATE seat SET digest = 'of other weights'")
    database.close()
    asked = ("similar", str(samples / "jazz_vibe_ace.flac"), "--by", "embedding")
    code, _, err = run(*asked, "--store", str(other))
    assert (code, "with other weights of" in err, "scan again" in err) == (1, True, True)


def test_limits_of_figures(tmp_path: Path) -> None:
    assert run("scan", str(tmp_path), "--limit", "inf")[0] == 2
    assert run("tag", "undo", "--run", "9" * 30)[0] == 2


def test_tags(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    folder, store = scanned
    at = ("--store", str(store))
    plan = tmp_path / "plan.csv"
    code, out, _ = run("tag", "plan", "--threshold", "0", "-o", str(plan), *at)
    assert (code, len(out.splitlines())) == (0, 3)
    joined = ("--threshold", "0", "--top", "2", "--separator", "; ", "--separator", "flac= / ")
    code, out, _ = run("tag", "plan", *joined, "-o", str(tmp_path / "joined.csv"), *at)
    assert (out.count(" / "), out.count("; ")) == (1, 2), out
    code, _, err = run("tag", "plan", "--separator", "flc=/", "-o", str(plan), *at)
    assert (code, "no format 'flc'" in err) == (1, True)
    code, _, err = run("tag", "apply", str(plan), *at)
    assert (code, "3 written" in err, "to undo: " in err) == (0, True, True)
    code, _, err = run("tag", "apply", str(plan), *at)
    assert (code, "3 untouched" in err, "to undo: " in err) == (0, True, False)
    code, _, err = run("scan", str(folder), *at)
    assert "3 unchanged" in err  # tags change bytes, and nothing is decoded again
    _, _, err = run("tag", "undo", str(folder / "jazz_vibe_ace.flac"), *at)
    assert "1 undone" in err
    assert "2 undone" in run("tag", "undo", *at)[2]
    assert "nothing to undo" in run("tag", "undo", *at)[2]
    assert "no.csv: no such file" in run("tag", "apply", str(tmp_path / "no.csv"), *at)[2]


def test_nothing_scanned_yet(tmp_path: Path) -> None:
    for command in (["find"], ["stats"], ["similar", "x"], ["tag", "undo"]):
        code, _, err = run(*command, "--store", str(tmp_path / "none.sqlite"))
        assert code == 1
        assert "genrescope scan" in err
    assert (
        "cannot be scanned"
        in run("scan", str(tmp_path / "absent"), "--store", str(tmp_path / "s.sqlite"))[2]
    )


def test_an_interrupted_scan_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    for number in range(40):
        write_sound(folder / f"{number}.wav", 100.0 + number, seconds=20.0)
    model = onnx_models.write(tmp_path).path
    main = "from genrescope.apps.cli.main import main; main()"
    line = [sys.executable, "-c", main, "scan", str(folder), "--model", str(model)]
    line += ["--store", str(tmp_path / "s.sqlite"), "--workers", "1", "--json"]
    scan = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert scan.stdout is not None
    scan.stdout.readline()
    assert "analysed" in scan.stdout.readline()
    scan.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = scan.communicate(timeout=600)
    assert scan.returncode == 130
    assert "finishing what is in flight" in err
    end = json.loads(out.splitlines()[-1])
    assert end["stopped"]
    assert 0 < end["analysed"] < 40
    assert time.monotonic() - began < 60


@pytest.fixture
def songs(tmp_path: Path, samples: Path) -> Path:
    """Two songs without a genre."""
    folder = tmp_path / "songs"
    folder.mkdir()
    for name in ("a.flac", "b.flac"):
        shutil.copy(samples / CLIPS[0], folder / name)
    return folder


def test_undoing_says_which_runs_there_are(songs: Path, tmp_path: Path) -> None:
    at = ("--store", str(tmp_path / "s.sqlite"))
    for number, name in enumerate(("a.flac", "b.flac"), 1):
        plan = tmp_path / f"{number}.csv"
        plan.write_text(f"path,before,after\n{songs / name},,Jazz\n")
        code, _, err = run("tag", "apply", str(plan), *at)
        assert (code, "1 written, 0 failed (run " in err) == (0, True)
        assert f"genrescope tag undo --run {number} --store" in err
    (songs / "b.flac").unlink()
    code, _, err = run("tag", "undo", *at)
    assert (code, "nothing of run 2 was put back" in err) == (1, True)
    assert "older runs are reached by --run N, and the next is --run 1" in err
    assert "older runs" not in run("tag", "undo", str(songs / "b.flac"), *at)[2]
    assert "1 undone, 0 failed (run 1)" in run("tag", "undo", str(songs / "a.flac"), *at)[2]
    assert "older runs" not in run("tag", "undo", *at)[2]


def test_a_plan_shows_control_characters_as_escapes(tmp_path: Path, samples: Path) -> None:
    mutagen = pytest.importorskip("mutagen")
    folder, at = tmp_path / "library", ("--store", str(tmp_path / "s.sqlite"))
    folder.mkdir()
    song = Path(shutil.copy(samples / CLIPS[0], folder / "a.flac"))
    tagged = mutagen.File(song)
    tagged["genre"] = ["\x1b]0;owned\x07\x1b[2J"]
    tagged.save()
    model = str(onnx_models.write(tmp_path).path)
    assert run("scan", str(folder), "--model", model, "--workers", "1", *at)[0] == 0
    line = ("--threshold", "0", "--existing", "replace", "-o", str(tmp_path / "plan.csv"))
    code, out, err = run("tag", "plan", *line, *at)
    assert (code, "\\x1b]0;owned\\x07\\x1b[2J → " in out) == (0, True)
    assert not {"\x1b", "\x07"} & set(out + err)


def test_other_windows_hide_no_file_and_windows_come_later(tmp_path: Path) -> None:
    folder, at = tmp_path / "library", ("--store", str(tmp_path / "s.sqlite"))
    for number in range(3):
        write_sound(folder / f"{number}.wav", 200.0 + number)
    scan = ("scan", "--model", str(onnx_models.write(tmp_path).path), "--workers", "1", *at)
    assert run(*scan, str(folder))[0] == 0
    assert "1 file to do" in run(*scan, "--windows", "first", str(folder / "0.wav"))[2]
    assert "3 found" in run("find", *at)[2]
    said = run("stats", *at)[1]
    assert "small_mel (windows all): 3" in said
    assert "small_mel (windows first): 1" in said
    assert "0 files to do, 3 unchanged" in run(*scan, str(folder))[2]
    assert "3 files to do" in run(*scan, "--timeline", str(folder))[2]
    assert "0 files to do" in run(*scan, "--timeline", str(folder))[2]


def test_watching_fills_the_seat_of_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genrescope.collection import scanning, watching

    folder, at = tmp_path / "library", ("--store", str(tmp_path / "s.sqlite"))
    write_sound(folder / "0.wav", 200.0)
    model = ("--model", str(onnx_models.write(tmp_path).path))

    def once(roots: list[str], store: Any, seats: Any, *rest: Any) -> Iterator[scanning.Agenda]:
        yield scanning.plan(roots, store, seats)

    monkeypatch.setattr(watching, "arrivals", once)
    code, out, err = run("watch", str(folder), "--windows", "first", "--json", *model, *at)
    assert (code, json.loads(out)["event"]) == (0, "analysed"), err
    assert "1 unchanged" in run("scan", str(folder), "--windows", "first", *model, *at)[2]
    assert "1 file to do" in run("scan", str(folder), *model, *at)[2]
    assert run("watch", str(folder), "--windows", "some", *model, *at)[0] == 2
