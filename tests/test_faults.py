"""What goes wrong around a program: each ends in a sentence, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.serving import Settings, Studio
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.models.engines import open_engine
from genrescope.models.engines.openvino import cache_folder
from genrescope.types import CollectionError, Failure, ModelError, Prediction
from tests import onnx_models
from tests.collection.conftest import write_sound

pytest.importorskip("alembic")
pytest.importorskip("mutagen")

from genrescope.collection import scanning
from genrescope.collection.stores import Store, _sql, open_store, sqlite
from genrescope.collection.tagging.formats import read_genres
from genrescope.collection.tagging.plan_file import Change
from genrescope.collection.tagging.writing import apply_plan, undo

DISK_BYTES = 2 * 2**20


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    file = onnx_models.write(tmp_path_factory.mktemp("models"))
    return Classifier([Model(file.card, open_engine(file), file.sha256)])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes; only who may mount has one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    able = shutil.which("mount") is not None
    if not able or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Use up a disk but for so many bytes."""
    state = os.statvfs(disk)
    path = disk / "filler"
    try:
        path.write_bytes(bytes(state.f_bavail * state.f_frsize - leave))
    except OSError:
        pytest.fail("the disk was to be filled exactly")
    return path


def read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def scan(classifier: Classifier, store: Store, folder: Path) -> list[scanning.Outcome]:
    terms = scanning.Terms()
    seats = scanning.seats_of(classifier, terms)
    agenda = scanning.plan([str(folder)], store, seats)
    return list(scanning.scan(classifier, store, agenda, terms))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for number in range(3):
        write_sound(tmp_path / "library" / f"{number}.wav", 220.0 * (number + 1))
    return tmp_path / "library"


@pytest.fixture
def clip(samples: Path, tmp_path: Path) -> Callable[[Path], Path]:
    def copy(folder: Path) -> Path:
        return Path(shutil.copy(samples / "country_short_1s5.mp3", folder / "song.mp3"))

    return copy


def jazz(path: Path) -> list[Change]:
    return [Change(os.fsencode(path), read_genres(path).values, ("Jazz",))]


@pytest.mark.parametrize("form", ["npy", "csv", "png"])
def test_a_picture_for_which_there_is_no_room(disk: Path, samples: Path, form: str) -> None:
    filler = fill(disk, leave=4096)
    command = [sys.executable, "-m", "genrescope", "spectrogram"]
    command += [str(samples / "jazz_vibe_ace.flac"), "-o", str(disk / f"x.{form}")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"x.{form}: cannot be written (No space left on device)" in done.stderr
    assert list(disk.iterdir()) == [filler]


def test_a_full_disk_stops_a_scan_and_the_next_goes_on(
    small: Classifier, disk: Path, library: Path
) -> None:
    place = disk / "store.sqlite"
    with open_store(place) as store:
        assert [one.kind for one in scan(small, store, library)] == ["analysed"] * 3
    for number in range(3, 9):
        write_sound(library / f"{number}.wav", 100.0 * number)
    filler = fill(disk)

    def scan_again_and_again() -> None:
        with open_store(place) as store:
            for _ in range(50):  # what is free inside the file is used up first
                scan(small, store, library)
                for path in sorted(library.iterdir())[3:]:
                    os.utime(path, (1, path.stat().st_mtime + 1))

    with pytest.raises(CollectionError, match=r"store\.sqlite: cannot be .*(full|disk I/O)"):
        scan_again_and_again()
    filler.unlink()
    with open_store(place) as store:
        scan(small, store, library)
        seats = scanning.seats_of(small, scanning.Terms())
        states = store.known(seats).values()
        assert len(states) == 9
        assert all(one.settled and not one.failed for one in states)


@pytest.mark.parametrize("leave", [0, 30_000])
def test_a_full_disk_leaves_the_tags_as_they_are(
    leave: int, disk: Path, clip: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = clip(disk)
    before = path.read_bytes()
    changes = jazz(path)
    filler = fill(disk, leave)
    with open_store(tmp_path / "store.sqlite") as store:
        (said,) = apply_plan(changes, store, "p")
        if leave == 0:
            assert isinstance(said, Failure)
            assert "space" in said.reason
            assert path.read_bytes() == before
        assert sorted(one.name for one in disk.iterdir()) == ["filler", "song.mp3"]
        filler.unlink()
        (said,) = apply_plan(jazz(path), store, "p")
        assert not isinstance(said, Failure)
        assert read_genres(path).values == ("Jazz",)
        list(undo(store))
        assert read_genres(path).values == ()


def test_a_folder_that_is_read_only(
    small: Classifier, disk: Path, clip: Callable[[Path], Path], library: Path, tmp_path: Path
) -> None:
    path = clip(disk)
    before = path.read_bytes()
    changes = jazz(path)
    read_only(disk)
    with open_store(tmp_path / "store.sqlite") as store:
        (said,) = apply_plan(changes, store, "p")
        assert isinstance(said, Failure)
        assert "Read-only" in said.reason
        assert path.read_bytes() == before
        assert [one.kind for one in scan(small, store, disk)] == ["analysed"]
    with pytest.raises(CollectionError, match=r"new\.sqlite: cannot be used"):
        open_store(disk / "new.sqlite")


def test_a_store_that_is_read_only(small: Classifier, disk: Path, library: Path) -> None:
    with open_store(disk / "store.sqlite") as store:
        scan(small, store, library)
    read_only(disk)
    with open_store(disk / "store.sqlite", create=False) as store:
        terms = scanning.Terms()
        assert len(store.known(scanning.seats_of(small, terms))) == 3  # it can be asked
    write_sound(library / "new.wav", 900.0)
    with (
        pytest.raises(CollectionError, match=r"store\.sqlite: cannot be"),
        open_store(disk / "store.sqlite") as store,
    ):
        scan(small, store, library)


def test_a_store_that_another_process_writes(
    small: Classifier, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "store.sqlite"
    open_store(place).close()
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.2)
    program = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "d.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        with open_store(place) as store, pytest.raises(CollectionError, match="locked"):
            scan(small, store, library)
        other.stdin.close()
    with open_store(place) as store:
        assert len(scan(small, store, library)) == 3


def test_the_cache_goes_in_mid_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("GENRESCOPE_CACHE", str(folder))
    model = onnx_models.write(tmp_path / "models")
    pictures = np.ones((1, 1, onnx_models.SIDE, onnx_models.SIDE), dtype=np.float32)
    engine = open_engine(model, "openvino")
    expected = engine.run(pictures).logits
    shutil.rmtree(folder)
    assert np.array_equal(engine.run(pictures).logits, expected)
    assert np.array_equal(open_engine(model, "openvino").run(pictures).logits, expected)


def test_a_cache_on_a_read_only_disk(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_only(disk)
    monkeypatch.setenv("GENRESCOPE_CACHE", str(disk / "cache"))
    assert cache_folder() is None


def test_a_clock_that_goes_backwards(
    small: Classifier, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path / "store.sqlite") as store:
        scan(small, store, library)
        monkeypatch.setattr(_sql, "now", lambda: "1999-01-01T00:00:00+00:00")
        assert scan(small, store, library) == []
        old = write_sound(library / "0.wav", 777.0)
        os.utime(old, (1, 1))  # written anew, and older than before
        (outcome,) = scan(small, store, library)
        assert (outcome.kind, outcome.file.path) == ("analysed", os.fsencode(old))
        assert scan(small, store, library) == []
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_undoing_goes_by_order_and_not_by_the_clock(
    tmp_path: Path, clip: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(tmp_path)
    times = iter(f"20{year:02d}-01-01T00:00:00+00:00" for year in range(30, 0, -1))
    monkeypatch.setattr(_sql, "now", lambda: next(times))
    with open_store(tmp_path / "store.sqlite") as store:
        for genre in ("Jazz", "Rock"):
            change = Change(os.fsencode(path), read_genres(path).values, (genre,))
            list(apply_plan([change], store, "p"))
        list(undo(store))
        assert read_genres(path).values == ("Jazz",)
        list(undo(store))
        assert read_genres(path).values == ()


def test_a_model_file_that_is_replaced_while_serving(
    tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    file = onnx_models.write(tmp_path)
    sound = samples / "country_short_1s5.mp3"

    def asked(studio: Studio) -> Prediction:
        result = studio.classify(sound).result
        assert isinstance(result, Prediction)
        return result

    with Studio(["small_mel"], Settings(workers=1)) as studio:
        first = asked(studio)
        file.path.write_bytes(b"half a download")
        assert np.array_equal(asked(studio).probabilities, first.probabilities)
        assert studio.card("small_mel") == file.card
        studio.unload("small_mel")
        with pytest.raises(ModelError, match="not an ONNX file"):
            asked(studio)
        onnx_models.write(tmp_path, seed=5)
        assert not np.array_equal(asked(studio).probabilities, first.probabilities)
