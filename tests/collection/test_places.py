"""Libraries that lie elsewhere: what is listed, what is passed over, what is said."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genrescope.collection import places
from genrescope.collection.drawing import Content, End, Order, Task, pieces
from genrescope.collection.scanning import Terms
from genrescope.collection.stores import Store
from genrescope.collection.table import read_table
from genrescope.collection.values import FileState
from genrescope.collection.walking import absolute, walk
from genrescope.types import GENRESCOPE_MEL, CollectionError, Failure
from tests.collection.conftest import Scan, write_sound

fsspec = pytest.importorskip("fsspec")
ORDER = Order((GENRESCOPE_MEL,), Terms().windows)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    files = fsspec.filesystem("memory")
    sound = write_sound(tmp_path / "a.wav", 300.0).read_bytes()
    for name in ("a.wav", "in/b.flac.wav", "in/skip/c.wav", "in/.hidden/d.wav", "notes.txt"):
        files.pipe(f"/music/{name}", sound)
    files.pipe("/music/in/.genrescopeignore", b"skip/\n")
    yield "memory://music"
    files.rm("/music", recursive=True)


def names(url: str) -> list[str]:
    return [os.fsdecode(one.path) for one in walk((url,)).files]


def test_what_is_listed(bucket: str) -> None:
    assert names(bucket) == ["memory://music/a.wav", "memory://music/in/b.flac.wav"]
    assert names(bucket + "/") == names(bucket)
    assert names(bucket + "/a.wav") == ["memory://music/a.wav"]


def test_a_change_shows(bucket: str) -> None:
    before = {one.path: one for one in places.list_sounds(bucket)}
    assert {one.path: one for one in places.list_sounds(bucket)} == before
    fsspec.filesystem("memory").pipe("/music/a.wav", b"other")
    after = {one.path: one for one in places.list_sounds(bucket)}
    assert [path for path in after if after[path] != before[path]] == [b"memory://music/a.wav"]


def test_a_file_elsewhere_is_drawn_as_one_here(bucket: str, tmp_path: Path) -> None:
    (there, _) = places.list_sounds(bucket)
    seen = (tmp_path / "a.wav").stat()
    here = FileState(os.fsencode(tmp_path / "a.wav"), seen.st_size, seen.st_mtime_ns)
    first, second = (list(pieces(Task(file), ORDER)) for file in (here, there))
    assert isinstance(first[0], Content)
    assert first[0] == second[0]
    assert isinstance(second[-1], End)
    assert np.array_equal(first[1].spectrogram.values, second[1].spectrogram.values)  # type: ignore[union-attr]
    assert second[-2].source == "memory://music/a.wav"  # type: ignore[union-attr]


def test_what_fails_elsewhere_is_named_by_its_address(bucket: str) -> None:
    fsspec.filesystem("memory").pipe("/music/a.wav", b"no sound")
    (file, _) = places.list_sounds(bucket)
    *_, last = pieces(Task(file), ORDER)
    assert isinstance(last, Failure)
    assert (last.source, last.stage) == ("memory://music/a.wav", "decode")
    assert "/tmp" not in last.reason
    fsspec.filesystem("memory").rm("/music/a.wav")
    *_, last = pieces(Task(file), ORDER)
    assert isinstance(last, Failure)
    assert last.stage == "read"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://nothing-here", "not there"),
        ("nosuch://bucket/music", "cannot be reached"),
        ("ftp://ana:s3cret@host/music", "environment"),
        ("simplecache::memory://music", "within another"),
    ],
)
def test_what_is_refused(url: str, words: str) -> None:
    with pytest.raises(CollectionError, match=words) as caught:
        walk((url,))
    assert "s3cret" not in str(caught.value)


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    assert absolute(f"file://{tmp_path}/a%20b.wav") == str(tmp_path / "a b.wav")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *said: object) -> None:
            pass

    serve = functools.partial(Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_address[1]}"
        one.shutdown()
        thread.join()


def test_a_page_of_links_is_scanned(server: str, tmp_path: Path, scan: Scan, store: Store) -> None:
    pytest.importorskip("aiohttp")
    for number in range(2):
        write_sound(tmp_path / "served" / "in" / f"{number}.wav", 200.0 + 100 * number)
    outcomes = scan(server)
    assert sorted(outcomes) == ["0.wav", "1.wav"], outcomes
    assert {one.kind for one in outcomes.values()} == {"analysed"}
    assert scan(server) == {}
    (tmp_path / "served" / "in" / "1.wav").unlink()
    assert scan(server) == {}
    assert read_table(store).paths == (f"{server}/in/0.wav".encode(),)
