"""Scanning: what is done, what is passed over, and what a bad file costs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from genrescope.classification.classifier import Classifier
from genrescope.collection import scanning
from genrescope.collection.confining import without_interrupts
from genrescope.collection.crew import MEMORY_BYTES, Crew
from genrescope.collection.drawing import End, Order, Task
from genrescope.collection.scanning import Stop, Terms
from genrescope.collection.stores import Store
from genrescope.collection.table import read_table
from genrescope.collection.values import FileState
from genrescope.types import Comparison, Failure
from tests.collection.conftest import Scan, reason, write_sound


def test_a_scan_says_what_classifying_says(
    scan: Scan, small: Classifier, library: Path, store: Store
) -> None:
    outcomes = scan(library)
    assert {name: one.kind for name, one in outcomes.items()} == dict.fromkeys(
        ("one.wav", "three.flac", "four.wav"), "analysed"
    )
    table = read_table(store)
    assert set(table.models) == {"small_0", "small_1"}
    for row, path in enumerate(table.paths):
        single = small.classify(os.fsdecode(path))
        assert isinstance(single, Comparison)
        np.testing.assert_allclose(table.mean[row], single.mean, atol=1e-6)
        assert table.figures["agreement"][row] == pytest.approx(single.agreement)
        assert table.figures["entropy"][row] == pytest.approx(single.entropy, abs=1e-5)
        assert table.figures["divergence"][row] == pytest.approx(single.divergence, abs=1e-5)


def test_unchanged_touched_moved_copied_changed_gone(scan: Scan, library: Path) -> None:
    scan(library)
    assert scan(library) == {}
    os.utime(library / "one.wav")
    (library / "two" / "four.wav").rename(library / "moved.wav")
    (library / "copy.flac").write_bytes((library / "two" / "three.flac").read_bytes())
    write_sound(library / "two" / "three.flac", 999.0)
    outcomes = scan(library)
    kinds = {name: one.kind for name, one in outcomes.items()}
    assert kinds == {
        "one.wav": "recognised",
        "moved.wav": "recognised",
        "copy.flac": "recognised",
        "three.flac": "analysed",
    }
    assert outcomes["moved.wav"].moved_from == os.fsencode(library / "two" / "four.wav")
    assert outcomes["copy.flac"].moved_from is None
    assert scan(library) == {}


def test_what_is_gone_below_a_pattern(scan: Scan, library: Path, store: Store) -> None:
    scan(library)
    (library / "one.wav").unlink()
    (library / "two" / "four.wav").unlink()
    (library / "two" / "three.flac").touch()
    assert [one.kind for one in scan(library / "*" / "*.[fw]*").values()] == ["recognised"]
    assert {Path(os.fsdecode(path)).name for path in read_table(store).paths} == {
        "one.wav",
        "three.flac",
    }


def test_another_choice_of_windows_is_another_analysis(scan: Scan, library: Path) -> None:
    from genrescope.audio import parse_windows

    scan(library)
    first = Terms(windows=parse_windows("first"))
    assert len(scan(library, terms=first)) == 3
    assert scan(library, terms=first) == {}


def test_bad_files_are_failures_and_are_not_tried_again(
    scan: Scan, library: Path, store: Store
) -> None:
    (library / "text.mp3").write_text("no sound")
    (library / "empty.ogg").touch()
    outcomes = scan(library)
    assert reason(outcomes["text.mp3"]).stage == "decode"
    assert "not a sound file" in reason(outcomes["text.mp3"]).reason
    assert "0 bytes" in reason(outcomes["empty.ogg"]).reason
    assert sum(one.kind == "analysed" for one in outcomes.values()) == 3
    assert len(store.failures()) == 2
    assert scan(library) == {}
    assert set(scan(library, terms=Terms(retry=True))) == {"text.mp3", "empty.ogg"}
    write_sound(library / "text.mp3", 300.0)
    assert scan(library)["text.mp3"].kind == "analysed"
    assert [failure.source for _, failure in store.failures()] == [str(library / "empty.ogg")]


def test_what_cannot_be_looked_into_is_not_gone(
    scan: Scan, small: Classifier, library: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(library)
    plain = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("two"):
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr("genrescope.collection.walking.os.scandir", refusing)
    seats = scanning.seats_of(small, Terms())
    agenda = scanning.plan([str(library)], store, seats)
    assert [os.fsdecode(path) for path, _ in agenda.unread] == [str(library / "two")]
    assert agenda.gone == ()


def state(path: Path) -> FileState:
    seen = path.stat()
    return FileState(os.fsencode(path), seen.st_size, seen.st_mtime_ns)


def order(small: Classifier, memory_bytes: int = MEMORY_BYTES) -> Order:
    return Order(small.specs, Terms().windows, memory_bytes)


def lasts(crew: Crew, *paths: Path) -> dict[str, End | Failure]:
    tasks = (Task(state(path)) for path in paths)
    return {
        Path(os.fsdecode(task.file.path)).name: piece
        for task, piece in crew.draw(tasks)
        if isinstance(piece, End | Failure)
    }


def test_a_hanging_file_costs_its_worker(small: Classifier, library: Path) -> None:
    pipe = library / "hangs.wav"
    os.mkfifo(pipe)  # opening it waits for ever
    with Crew(order(small), workers=1, limit_seconds=1.0) as crew:
        said = lasts(crew, library / "one.wav", pipe, library / "two" / "four.wav")
    failure = said["hangs.wav"]
    assert isinstance(failure, Failure)
    assert failure.stage == "time"
    assert "1 s" in failure.reason
    assert isinstance(said["one.wav"], End)
    assert isinstance(said["four.wav"], End)


def test_a_crash_costs_its_worker(small: Classifier, library: Path) -> None:
    pipe = library / "crashes.wav"
    os.mkfifo(pipe)

    done = threading.Event()
    others = set(multiprocessing.active_children())

    def crash() -> None:
        assert done.wait(120)
        time.sleep(0.2)
        (worker,) = set(multiprocessing.active_children()) - others
        os.kill(worker.pid or 0, signal.SIGSEGV)

    thread = threading.Thread(target=crash)
    thread.start()
    said: dict[str, End | Failure] = {}
    with Crew(order(small), workers=1) as crew:
        tasks = iter([Task(state(library / "one.wav")), Task(state(pipe))])
        for task, piece in crew.draw(tasks):
            if isinstance(piece, End | Failure):
                said[Path(os.fsdecode(task.file.path)).name] = piece
                done.set()
    thread.join()
    failure = said["crashes.wav"]
    assert isinstance(failure, Failure)
    assert (failure.stage, "SIGSEGV" in failure.reason) == ("crash", True)
    assert isinstance(said["one.wav"], End)


@pytest.fixture
def long_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Task, Path]:
    """A long file elsewhere, which a worker is not done with, and where its copy goes."""
    pytest.importorskip("fsspec")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    path = write_sound(tmp_path / "long.wav", 440.0, seconds=300.0)
    address = os.fsencode(f"local://{path}")
    return Task(FileState(address, path.stat().st_size, 0)), temporary


def test_a_worker_that_falls_leaves_no_copy(
    small: Classifier, library: Path, long_copy: tuple[Task, Path]
) -> None:
    task, temporary = long_copy
    others = set(multiprocessing.active_children())
    with Crew(order(small), workers=1) as crew:
        said = crew.draw([task, Task(state(library / "one.wav"))])
        next(said)
        assert [one.name for one in temporary.rglob("*") if one.is_file()] == ["copy"]
        (worker,) = set(multiprocessing.active_children()) - others
        os.kill(worker.pid or 0, signal.SIGKILL)
        ends = [type(piece) for _, piece in said if isinstance(piece, End | Failure)]
        assert ends == [Failure, End]
        assert list(temporary.iterdir()) == []


def test_a_crew_that_is_closed_leaves_no_copy(
    small: Classifier, long_copy: tuple[Task, Path]
) -> None:
    task, temporary = long_copy
    with Crew(order(small), workers=1) as crew:
        next(crew.draw([task]))
        assert list(temporary.iterdir())
    assert list(temporary.iterdir()) == []


def test_a_file_that_needs_too_much_memory_is_a_failure(small: Classifier, library: Path) -> None:
    path = write_sound(library / "long.wav", 440.0, seconds=60.0)
    with Crew(order(small, memory_bytes=2**20), workers=1) as crew:
        said = lasts(crew, path, path)
    failure = said["long.wav"]
    assert isinstance(failure, Failure)
    assert failure.stage in ("decode", "read", "crash")


def test_a_file_that_changes_while_it_is_read_is_a_failure(
    small: Classifier, library: Path
) -> None:
    path = library / "one.wav"
    before = state(path)
    with Crew(order(small), workers=1) as crew:
        pieces = list(crew.draw([Task(FileState(before.path, before.size - 1, 0))]))
    last = pieces[-1][1]
    assert isinstance(last, Failure)
    assert "changed while it was read" in last.reason


def test_being_asked_to_stop_finishes_what_is_in_flight(
    small: Classifier, store: Store, library: Path
) -> None:
    stop, terms = Stop(), Terms(workers=1)
    others = set(multiprocessing.active_children())
    seats = scanning.seats_of(small, terms)
    agenda = scanning.plan([str(library)], store, seats)
    outcomes = []
    for outcome in scanning.scan(small, store, agenda, terms, stop):
        outcomes.append(outcome)
        stop.asked = True
    assert len(outcomes) == 1
    assert len(scanning.plan([str(library)], store, seats).pending) == 2
    assert set(multiprocessing.active_children()) <= others


def test_windows_that_were_not_kept_are_asked_for_again(
    scan: Scan, library: Path, store: Store
) -> None:
    scan(library)
    keeping = Terms(keep_windows=True)
    (library / "copy.wav").write_bytes((library / "one.wav").read_bytes())
    outcomes = scan(library, terms=keeping)
    assert sorted(outcomes) == ["copy.wav", "four.wav", "one.wav", "three.flac"]
    assert {outcomes[name].kind for name in ("three.flac", "four.wav")} == {"analysed"}
    for seat, _ in store.seats():
        kept = store.timeline(os.fsencode(library / "copy.wav"), seat)
        assert kept is not None
        assert kept.per_window is not None
    assert scan(library, terms=keeping) == {} == scan(library)


def test_windows_are_kept_by_choice(scan: Scan, library: Path, store: Store) -> None:
    scan(library, terms=Terms(keep_windows=True))
    seat = store.seats()[0][0]
    kept = store.timeline(os.fsencode(library / "one.wav"), seat)
    assert kept is not None
    assert kept.per_window is not None
    np.testing.assert_allclose(kept.per_window[0], kept.probabilities, atol=1e-6)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no such signals here")
def test_a_worker_that_starts_hears_no_interrupt() -> None:
    asked = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with without_interrupts():
        inside = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    outside = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    assert (inside.stdout.strip(), outside.stdout.strip()) == (b"True", b"False")
