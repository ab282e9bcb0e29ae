"""Watching: what stands still is ready, what grows waits."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from genrescope.classification.classifier import Classifier
from genrescope.collection import scanning
from genrescope.collection.scanning import Stop, Terms
from genrescope.collection.stores import Store
from genrescope.collection.values import FileState
from genrescope.collection.watching import Settling, arrivals
from genrescope.types import CollectionError, MissingExtraError
from tests.collection.conftest import write_sound


def test_a_growing_file_waits() -> None:
    now = 0.0
    settling = Settling(2.0, lambda: now)
    small, grown = FileState(b"/a", 1, 1), FileState(b"/a", 2, 1)
    still = FileState(b"/b", 1, 1)
    assert settling.settled([small, still]) == []
    now = 1.5
    assert settling.settled([grown, still]) == []
    now = 2.5
    assert settling.settled([grown, still]) == [still]
    now = 3.6
    assert settling.settled([grown]) == [grown]
    assert settling.settled([]) == []
    assert settling.waiting == 0


def test_what_arrives_is_scanned_once_it_is_whole(
    small: Classifier, store: Store, tmp_path: Path
) -> None:
    folder, stop, terms = tmp_path / "inbox", Stop(), Terms(workers=1)
    write_sound(folder / "there.wav", 300.0)
    whole = write_sound(tmp_path / "outside.wav", 500.0).read_bytes()
    seats = scanning.seats_of(small, terms)

    def arrive() -> None:
        with (folder / "slow.wav").open("wb") as file:
            for begin in range(0, len(whole), 12000):
                file.write(whole[begin : begin + 12000])
                file.flush()
                time.sleep(0.2)

    slow = threading.Thread(target=arrive)
    seen: list[tuple[str, str]] = []
    for agenda in arrivals([str(folder)], store, seats, stop, settle_seconds=1.0):
        for outcome in scanning.scan(small, store, agenda, terms, stop):
            seen.append((Path(outcome.file.name).name, outcome.kind))
        if not slow.ident:
            slow.start()
        stop.asked = len(seen) >= 2
    slow.join()
    assert seen == [("there.wav", "analysed"), ("slow.wav", "analysed")]
    answers = store.answers(seats[:1])[0]
    assert answers.seconds.tolist() == pytest.approx([1.0, 1.0], abs=0.01)


def test_a_pattern_is_watched_in_its_folder(
    small: Classifier, store: Store, tmp_path: Path
) -> None:
    inbox, stop = tmp_path / "inbox", Stop()
    inbox.mkdir()
    seats = scanning.seats_of(small, Terms())

    def arrive() -> None:
        write_sound(inbox / "no.flac", 300.0)
        write_sound(inbox / "yes.wav", 300.0)

    arrival = threading.Timer(0.5, arrive)
    arrival.start()
    agenda = next(arrivals([str(inbox / "*.wav")], store, seats, stop, settle_seconds=0.1))
    arrival.join()
    assert [Path(one.name).name for one in agenda.pending] == ["yes.wav"]


def test_what_cannot_be_watched(
    small: Classifier, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CollectionError, match="not a folder"):
        next(arrivals([str(tmp_path / "absent")], store, (), Stop()))
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match="collection"):
        next(arrivals([str(tmp_path)], store, (), Stop()))
