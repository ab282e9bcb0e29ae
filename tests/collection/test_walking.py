"""Walking: what is taken for a sound, what is passed over, what cannot be looked into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genrescope.collection.ignoring import judge, read_rules
from genrescope.collection.walking import walk
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
