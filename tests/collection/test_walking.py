"""Walking: what is taken for a sound, what is passed over, what cannot be looked into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genrescope.collection.ignoring import judge, read_rules
from genrescope.collection.walking import Reach, folder_of, walk
from genrescope.types import CollectionError

RULES = """# loops are no songs
*.loop.wav
samples/
/top.wav
a/**/deep.wav
!keep.loop.wav
"""


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("x.loop.wav", False, True),
        ("sub/x.loop.wav", False, True),
        ("sub/keep.loop.wav", False, False),
        ("x.wav", False, False),
        ("samples", True, True),
        ("samples", False, False),
        ("b/samples", True, True),
        ("top.wav", False, True),
        ("b/top.wav", False, False),
        ("a/deep.wav", False, True),
        ("a/b/c/deep.wav", False, True),
        ("z/a/deep.wav", False, False),
        ("odd\nname.loop.wav", False, True),
    ],
)
def test_ignore_rules(path: str, folder: bool, expected: bool) -> None:
    assert judge(path, folder, read_rules(RULES)) is expected


def names(found: list[bytes], root: Path) -> list[str]:
    return [os.path.relpath(os.fsdecode(path), root) for path in found]


def test_what_is_taken(tmp_path: Path) -> None:
    hostile = os.fsdecode(b"st\xffray.ogg")
    taken = ["-dash.mp3", "line\nbreak.wav", "a/x.FLAC", "a/b/y.opus", hostile]
    other = ["cover.jpg", ".hidden.mp3", ".git/z.mp3", "a/skip/w.mp3", "a/b/skip/again.mp3"]
    for name in (*taken, *other):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "a" / ".genrescopeignore").write_text("skip/\n")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "nowhere.mp3").symlink_to(tmp_path / "absent")
    found = walk((str(tmp_path),))
    assert sorted(names([one.path for one in found.files], tmp_path)) == sorted(taken)
    assert names([path for path, _ in found.unread], tmp_path) == ["nowhere.mp3"]
    again = walk((str(tmp_path), str(tmp_path / "a")))
    assert len(again.files) == len(taken)


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "sound.dat"
    path.write_bytes(b"x")
    assert [one.path for one in walk((str(path),)).files] == [os.fsencode(path)]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="cannot be scanned"):
        walk((str(tmp_path / "absent"),))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in (
        "a.mp3",
        "b.wav",
        "cover.jpg",
        ".hidden.mp3",
        "[live].mp3",
        "l.mp3",
        "x/c.mp3",
        "x/live/d.mp3",
        "x/live/e.wav",
        "x/skip/f.mp3",
        "[y]/g.mp3",
        "[y]/deep/h.mp3",
    ):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "music" / ".genrescopeignore").write_text("skip/\n")
    (tmp_path / "music" / "x" / "circle").symlink_to(tmp_path / "music")
    return tmp_path / "music"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp3", ["[live].mp3", "a.mp3", "l.mp3"]),
        ("?.*", ["a.mp3", "b.wav", "l.mp3"]),
        ("[live].mp3", ["[live].mp3"]),
        ("[l-m].mp3", ["l.mp3"]),
        ("[y]/*.mp3", ["[y]/g.mp3"]),
        ("*/live", ["x/live/d.mp3", "x/live/e.wav"]),
        ("**/live/*.mp3", ["x/live/d.mp3"]),
        ("**/[dh].mp3", ["[y]/deep/h.mp3", "x/live/d.mp3"]),
        ("x/**", ["x/c.mp3", "x/live/d.mp3", "x/live/e.wav", "x/skip/f.mp3"]),
        ("x/../x/**/**/*.wav", ["x/live/e.wav"]),
        ("x/.*", None),
        ("*.jpg", None),
        ("**/skip/*", None),
        ("x/circle/x/*.mp3", ["x/circle/x/c.mp3"]),
        ("*/circle/*.mp3", None),
        ("a.mp4*", None),
    ],
)
def test_patterns(music: Path, pattern: str, expected: list[str] | None) -> None:
    root = str(music / pattern)
    if expected is None:
        with pytest.raises(CollectionError, match="matches no folder and no file"):
            walk((root,))
        assert walk((root,), may_match_nothing=True).files == []
        return
    paths = [one.path for one in walk((root,)).files]
    assert sorted(names(paths, music)) == expected
    assert all(Reach([root]).covers(path) for path in paths)
    everything = {one.path for one in walk((str(music),)).files}
    assert {path for path in everything if Reach([root]).covers(path)} == everything & set(paths)


def test_a_pattern_below_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"absent: cannot be scanned \(No such file"):
        walk((str(tmp_path / "absent" / "*.mp3"),), may_match_nothing=True)


def test_a_pattern_counts_from_the_working_folder(
    music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(music / "x")
    assert names([one.path for one in walk(("li*/*.wav",)).files], music) == ["x/live/e.wav"]
    assert folder_of("li*/*.wav") == str(music / "x")
