"""What is found on disk, and what it is taken for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genrescope.audio.tags import read_tags
from genrescope.classification import taxonomies
from genrescope.learn.own.find import Found, Question, find_songs
from genrescope.learn.own.label import check_enough, label_songs
from genrescope.learn.own.pattern import Pattern
from genrescope.learn.own.song import Song, artist_key
from genrescope.types import DecodeError, TrainingError
from tests.learn.own.music import library, write


def test_folders_are_genres_and_those_below_are_artists(tmp_path: Path) -> None:
    found = find_songs(Question(library(tmp_path / "music", songs=6)))
    assert len(found.songs) == 18
    assert {song.label for song in found.songs} == {"Low", "Middle", "High"}
    assert found.songs[0].artist == "artist High 0"
    assert found.songs[0].artist_from == "folder"
    assert found.songs[0].name == str(Path("High", "artist High 0", "song 0.wav"))
    rows = label_songs(found.songs).rows
    assert [(row.label, row.songs, row.artists) for row in rows] == [
        ("High", 6, 3),
        ("Low", 6, 3),
        ("Middle", 6, 3),
    ]


def test_hidden_files_links_and_odd_things(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=2)
    real = folder / "Low" / "artist Low 0" / "song 0.wav"
    (folder / ".hidden").mkdir()
    for name in (".hidden/a.wav", "Low/._song.wav", "Low/.song.wav"):
        (folder / name).write_bytes(real.read_bytes())
    (folder / "Low" / "cover.jpg").write_bytes(b"x")
    (folder / "loose.wav").write_bytes(real.read_bytes())
    (folder / "Low" / "gone.wav").symlink_to(tmp_path / "nowhere")
    (folder / "Low" / "round").symlink_to(folder)
    (folder / "Low" / "up").symlink_to(tmp_path)
    outside = write(tmp_path / "elsewhere" / "linked.wav", "High", 77)
    (folder / "Linked").symlink_to(outside.parent)
    os.mkfifo(folder / "Low" / "pipe.wav")
    found = find_songs(Question(folder))
    names = {song.name for song in found.songs}
    assert str(Path("Linked", "linked.wav")) in names
    assert len(names) == 7
    reasons = {one.name: one.reason for one in found.passed}
    assert reasons[str(Path("Low", "gone.wav"))] == "a link to nothing"
    assert reasons[str(Path("Low", "pipe.wav"))] == "not a plain file"
    assert reasons["loose.wav"] == "lies in no genre's folder"
    assert sum("looked at already" in reason for reason in reasons.values()) == 2


def test_names_with_odd_characters(tmp_path: Path) -> None:
    odd = os.fsdecode(b"two\nlines \xff.wav")
    write(tmp_path / "R&B [x] ü" / "plain.wav", "Low", 1)
    (tmp_path / "R&B [x] ü" / "plain.wav").rename(tmp_path / "R&B [x] ü" / odd)
    (song,) = find_songs(Question(tmp_path)).songs
    assert song.name.isprintable()
    song.name.encode()
    assert song.label == "R&B [x] ü"
    assert song.path.is_file()


def test_labels_and_artists_from_tags(tmp_path: Path) -> None:
    for i, (genre, artist) in enumerate(
        [("rock", "A"), ("Rock", "B feat. C"), ("Rock", "Various")]
    ):
        path = write(tmp_path / f"{i}.flac", "Low", i, {"genre": genre, "artist": artist})
    assert read_tags(path) == {**read_tags(path), "genre": "Rock", "artist": "Various"}
    write(tmp_path / "sub" / "none.flac", "Low", 9)
    (tmp_path / "bad.mp3").write_bytes(b"no sound")
    found = find_songs(Question(tmp_path, "tag"))
    assert [(song.label, song.artist) for song in found.songs] == [
        ("rock", "A"),
        ("Rock", "B feat. C"),
        ("Rock", ""),
    ]
    assert {one.name: one.reason for one in found.passed} == {
        "bad.mp3": "no genre tag",
        str(Path("sub", "none.flac")): "no genre tag",
    }
    (row,) = label_songs(found.songs).rows
    assert (row.label, row.spellings, row.artists, row.unknown) == ("Rock", ("Rock", "rock"), 2, 1)
    with pytest.raises(DecodeError):
        read_tags(tmp_path / "bad.mp3")


def test_labels_from_names(tmp_path: Path) -> None:
    write(tmp_path / "Kino - Song [Rock].wav", "Low", 1)
    write(tmp_path / "nothing.wav", "Low", 2)
    found = find_songs(Question(tmp_path, "name-pattern", Pattern("{artist} - {title} [{label}]")))
    assert [(s.label, s.artist, s.artist_from) for s in found.songs] == [("Rock", "Kino", "name")]
    assert found.passed[0].reason == "its name does not match the pattern"


@pytest.mark.parametrize("text", ["{mood}", "plain", "{label} {label}"])
def test_patterns_that_mean_nothing(text: str) -> None:
    with pytest.raises(TrainingError, match="a pattern has"):
        Pattern(text)


def table(tmp_path: Path, text: str) -> Found:
    (tmp_path / "songs.csv").write_text(text, encoding="utf-8")
    return find_songs(Question(tmp_path / "songs.csv", "csv"))


def test_a_table(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path / f"{i}, x.wav", "Low", i)
    found = table(
        tmp_path,
        '\ufeffFile;Genre;Artist\n"0, x.wav";Jazz;Ella\n"1, x.wav";Jazz;\n'
        '"0, x.wav";Jazz;Ella\n"2, x.wav";;\ngone.wav;Jazz;\n',
    )
    assert [(s.label, s.artist) for s in found.songs] == [("Jazz", "Ella"), ("Jazz", "")]
    assert {p.name: p.reason for p in found.passed} == {
        "gone.wav": "line 6: no such file",
        "2, x.wav": "no label in the table",
    }


def test_blanks_in_a_tables_heading(tmp_path: Path) -> None:
    write(tmp_path / "0.wav", "Low", 0)
    found = table(tmp_path, " path , label \n0.wav,Jazz\n")
    assert [song.label for song in found.songs] == ["Jazz"]


def test_tables_that_cannot_be_used(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", "Low", 1)
    with pytest.raises(TrainingError, match=r"line 3 calls a\.wav 'Rock', a line above 'Jazz'"):
        table(tmp_path, "path,label\na.wav,Jazz\na.wav,Rock\n")
    with pytest.raises(TrainingError, match="names no label"):
        table(tmp_path, "path,mood\na.wav,sad\n")
    with pytest.raises(TrainingError, match="names no path and no label"):
        table(tmp_path, "")
    (tmp_path / "songs.csv").write_bytes(b"path,label\n\xff\xfe,x\n")
    with pytest.raises(TrainingError, match="not a table in UTF-8"):
        find_songs(Question(tmp_path / "songs.csv", "csv"))


def test_questions_that_cannot_be_answered(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not there"):
        Question(tmp_path / "gone")
    with pytest.raises(TrainingError, match="need a pattern"):
        Question(tmp_path, "name-pattern", Pattern("{artist}"))
    with pytest.raises(TrainingError, match="labels come from one of"):
        Question(tmp_path, "stars")
    with pytest.raises(TrainingError, match="no labelled song found"):
        find_songs(Question(tmp_path))


def songs(**counts: int) -> list[Song]:
    return [
        Song(Path(f"{label}{i}"), f"{label}{i}", label)
        for label, count in counts.items()
        for i in range(count)
    ]


def test_labels_of_a_taxonomy() -> None:
    given = songs(hiphop=6, Jazz=7, Synthwave=9)
    labelled = label_songs(given, taxonomies.load("genres16"))
    assert labelled.labels == ("Jazz", "Hip-Hop")
    assert labelled.left_out == (("Synthwave", 9, "no label of genres16"),)
    check_enough(labelled)


def test_too_few_songs_say_what_to_do() -> None:
    given = songs(Polka=2, Jazz=7, Rock=8)
    with pytest.raises(TrainingError, match=r"Polka \(2\); a genre needs 5.*--skip-small"):
        check_enough(label_songs(given))
    skipped = label_songs(given, skip_small=True)
    assert skipped.labels == ("Jazz", "Rock")
    check_enough(skipped)
    with pytest.raises(TrainingError, match="nothing to tell apart: genres with songs are Jazz"):
        check_enough(label_songs(songs(Jazz=7)))


def test_labels_that_punctuation_tells_apart_are_pointed_out() -> None:
    (hint,) = label_songs([*songs(hip_hop=5), *songs(HipHop=5)]).hints
    assert "'hip_hop' and 'HipHop'" in hint or "'HipHop' and 'hip_hop'" in hint


@pytest.mark.parametrize(
    ("one", "other"), [("AC/DC", "ACDC"), ("Gunna feat. Future", "gunna"), ("Björk", "björk")]
)
def test_spellings_of_one_artist(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other) != ""


@pytest.mark.parametrize("nobody", ["", "Various Artists", "V.A.", "Unknown Artist"])
def test_nobody_is_no_artist(nobody: str) -> None:
    assert artist_key(nobody) == ""
