"""Songs are drawn once, as the line draws them; copies and artists stay on one side."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio import listen
from genrescope.classification.drawing import draw_spans
from genrescope.learn.own import draw as drawing
from genrescope.learn.own.collection import Collection, _excerpts, collect
from genrescope.learn.own.draw import Drawings, draw_song
from genrescope.learn.own.find import Question, find_songs
from genrescope.learn.own.label import label_songs
from genrescope.learn.own.split import split_songs
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, TrainingError
from tests.learn.own.music import RATE, library, sound, write


def collected(folder: Path, drawn: Path) -> Collection:
    return collect(label_songs(find_songs(Question(folder)).songs), GENRESCOPE_MEL, drawn)


def test_pictures_are_those_of_the_line(samples: Path) -> None:
    path = samples / "jazz_vibe_ace.flac"
    mel, cqt = draw_song(path, [GENRESCOPE_MEL, GENRESCOPE_CQT])
    assert mel.values.shape == (1, 128, 384)
    assert cqt.values.shape == (1, 84, 384)
    with listen(path) as recording:
        (span,) = draw_spans(recording, [GENRESCOPE_MEL])
    unit = span.windows()[0]
    np.testing.assert_allclose(mel.values[0, :, :128] / 255, unit, atol=0.5 / 255 + 1e-6)


def test_of_a_long_song_the_middle_on_the_grid_of_spans(tmp_path: Path) -> None:
    seconds = 230
    time = np.arange(seconds * RATE) / RATE
    rising = 0.5 * np.sin(2 * np.pi * (200 + 5 * time) * time)
    soundfile.write(tmp_path / "long.wav", rising.astype(np.float32), RATE)
    (mel,) = draw_song(tmp_path / "long.wav", [GENRESCOPE_MEL])
    assert len(mel.values) == drawing.SPANS
    with listen(tmp_path / "long.wav") as recording:
        spans = list(draw_spans(recording, [GENRESCOPE_MEL]))
    second = spans[1].windows()[0]  # 230 s hold 7.6 spans; four in the middle begin at the second
    np.testing.assert_allclose(mel.values[0, :, 2:126] / 255, second[:, 2:126], atol=0.02)


def test_what_is_drawn_is_kept_and_what_is_spoilt_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", "Low", 1)
    drawings = Drawings(tmp_path / "drawn", [GENRESCOPE_MEL])
    (first,) = drawings.draw(path)
    (kept,) = (tmp_path / "drawn").rglob("*.u8")
    real = drawing.draw_song
    calls: list[Path] = []

    def counted(*given: object) -> object:
        calls.append(path)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(drawing, "draw_song", counted)
    np.testing.assert_array_equal(drawings.draw(path)[0].values, first.values)
    assert not calls
    kept.write_bytes(kept.read_bytes()[:-5])
    np.testing.assert_array_equal(drawings.draw(path)[0].values, first.values)
    assert len(calls) == 1
    write(path, "High", 2)
    os.utime(path, ns=(1, 1))
    assert drawings.draw(path)[0].digest != first.digest
    assert len(calls) == 2


def test_a_collection_is_like_any_other(tmp_path: Path) -> None:
    made = collected(library(tmp_path / "music"), tmp_path / "drawn")
    assert len(made.excerpts) == 24
    assert made.excerpts.mel.shape == (24, 128, 384)
    assert set(made.splits) == {"train", "valid", "test"}
    sides: dict[str, str] = {}
    for song, split in zip(made.songs, made.splits, strict=True):
        assert sides.setdefault(song.artist, split) == split
    assert "no artist on two sides; artists from sub-folders (24)" in made.how_split()
    assert all(made.counts()[label]["test"] == 2 for label in ("Low", "Middle", "High"))


def test_spans_of_another_length_stay_with_their_song(tmp_path: Path) -> None:
    spec = replace(GENRESCOPE_CQT, window_seconds=5.0, reference_seconds=15.0)
    noise = np.random.default_rng(0).standard_normal(50 * RATE).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", 0.1 * noise, RATE)
    sheets = draw_song(tmp_path / "long.wav", (GENRESCOPE_MEL, spec))
    assert [len(sheet.values) for sheet in sheets] == [2, 3]
    found = find_songs(Question(library(tmp_path / "music"))).songs[:2]
    made = _excerpts(list(found), [sheets, sheets], ("a", "b"), ("train", "test"))
    assert made.cqt is not None
    assert len(made.mel) == len(made.cqt) == 4
    assert made.split("test").pictures("cqt").tobytes() == sheets[1].values[:2].tobytes()


def test_bad_files_and_copies_are_left_out(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=8)
    low = folder / "Low"
    (low / "bad.mp3").write_bytes(b"ID3 but no sound")
    soundfile.write(low / "silent.wav", np.zeros(RATE), RATE)
    (low / "artist Low 0" / "copy.wav").write_bytes((low / "artist Low 1/song 2.wav").read_bytes())
    soundfile.write(folder / "High" / "contradiction.wav", sound("Low", 7), RATE, subtype="PCM_16")
    made = collected(folder, tmp_path / "drawn")
    reasons = {Path(one.name).name: one.reason for one in made.passed}
    assert "silent" in reasons["silent.wav"]
    assert "bad.mp3" in reasons
    assert "the same sound as" in reasons.get("copy.wav", reasons.get("song 2.wav", ""))
    assert "High and Low" in reasons["contradiction.wav"]
    assert "High and Low" in reasons["song 7.wav"]
    assert len(made.songs) == 24 - 1
    assert len(set(made.excerpts.songs)) == len(made.songs)


def test_the_same_recording_in_another_format_stays_on_its_side(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=8)
    for i in range(8):  # each song of Low again, by nobody
        where = folder / "Low" / f"again {i}.ogg"
        soundfile.write(where, sound("Low", i), RATE, format="OGG", subtype="VORBIS")
    made = collected(folder, tmp_path / "drawn")
    assert len(made.joined) >= 8
    side = {song.name: split for song, split in zip(made.songs, made.splits, strict=True)}
    for one, other in made.joined:
        assert side[one] == side[other]
    assert made.unknown_artists == 8
    assert "8 songs by song, their artists unknown" in made.how_split()


def test_too_few_left_names_what_was_not_used(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=5)
    (folder / "Low" / "artist Low 0" / "song 0.wav").write_bytes(b"spoilt")
    with pytest.raises(TrainingError, match=r"of Low \(4\).*song 0\.wav"):
        collected(folder, tmp_path / "drawn")


def test_one_artist_a_genre_cannot_be_tested(tmp_path: Path) -> None:
    folder = library(tmp_path / "music", songs=6)
    found = find_songs(Question(folder)).songs
    alone = [replace(song, artist=f"only one of {song.label}") for song in found]
    with pytest.raises(TrainingError, match="none of High, Low, Middle has songs by two artists"):
        collect(label_songs(alone), GENRESCOPE_MEL, tmp_path / "drawn")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 12)), min_size=1, max_size=80))
def test_no_group_is_on_two_sides_and_every_genre_keeps_half(
    members: list[tuple[str, int]],
) -> None:
    labels = [label for label, _ in members]
    groups = [f"artist {number}" for _, number in members]
    splits = split_songs(labels, groups)
    sides: dict[str, str] = {}
    for group, split in zip(groups, splits, strict=True):
        assert sides.setdefault(group, split) == split
    counts = Counter(zip(labels, splits, strict=True))
    for label in set(labels):
        assert 2 * counts[label, "train"] >= labels.count(label)
        own = [g for g, one in zip(groups, labels, strict=True) if one == label]
        if len(set(labels)) == 1 and min(Counter(own).values()) * 2 <= len(own):
            assert counts[label, "test"] > 0
