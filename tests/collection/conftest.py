"""A small library of generated sounds, and a small network to scan it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.collection import scanning
from genrescope.collection.stores import Store, open_store
from genrescope.models.engines import open_engine
from genrescope.types import Failure
from tests import onnx_models

RATE = 22050


def write_sound(path: Path, hz: float, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(path, (0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32), RATE)
    return path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Classifier:
    folder = tmp_path_factory.mktemp("models")
    files = [onnx_models.write(folder, f"small_{i}", seed=i) for i in (0, 1)]
    return Classifier([Model(file.card, open_engine(file), file.sha256) for file in files])


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    for number, name in enumerate(("one.wav", "two/three.flac", "two/four.wav")):
        write_sound(folder / name, 200.0 * (number + 1))
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store.sqlite") as opened:
        yield opened


Scan = Callable[..., dict[str, scanning.Outcome]]


@pytest.fixture
def scan(small: Classifier, store: Store) -> Scan:
    """Scans folders on given terms: outcomes by the file's own name."""

    def run(*roots: Path, terms: scanning.Terms | None = None) -> dict[str, scanning.Outcome]:
        on = terms or scanning.Terms()
        seats = scanning.seats_of(small, on)
        named = [str(root) for root in roots]
        agenda = scanning.plan(named, store, seats, on.retry, on.keep_windows)
        outcomes = scanning.scan(small, store, agenda, on)
        return {Path(one.file.name).name: one for one in outcomes}

    return run


def reason(outcome: scanning.Outcome) -> Failure:
    assert outcome.failure is not None
    return outcome.failure
