"""Tags: every format, the plan, writing it, undoing it, and what must not be touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
from mutagen import id3

from genrescope.audio.stream_digest import stream_digest
from genrescope.collection.stores import Store
from genrescope.collection.table import FIGURES, Table
from genrescope.collection.tagging.formats import read_genres, write_genres
from genrescope.collection.tagging.plan_file import Change, read_plan, write_plan
from genrescope.collection.tagging.planning import Rules, make_plan
from genrescope.collection.tagging.separators import parse_separators
from genrescope.collection.tagging.words import parse_words, read_words
from genrescope.collection.tagging.writing import Written, apply_plan, undo
from genrescope.types import CollectionError, Failure, TagError

CLIPS = {
    "ID3v2.4": "disco_con_tutti.mp3",
    "ID3v2.3": "hiphop_snow_drift_mono.mp3",
    "Vorbis comments": "jazz_vibe_ace.flac",
    "MP4": "latin_casa_bossa_nova.m4a",
}


@pytest.fixture
def song(request: pytest.FixtureRequest, tmp_path: Path, samples: Path) -> Path:
    return clip(request.param, tmp_path, samples)


def clip(kind: str, folder: Path, samples: Path) -> Path:
    target = folder / CLIPS[kind]
    shutil.copy(samples / CLIPS[kind], target)
    if kind.startswith("ID3"):
        frames: Any = id3
        tags = frames.ID3()
        tags.add(frames.TIT2(encoding=3, text=["Título"]))
        tags.add(frames.COMM(encoding=3, lang="eng", desc="", text=["kept"]))
        tags.add(frames.PRIV(owner="x", data=b"\x00\xff"))
        tags.save(target, v2_version=int(kind[-1]))
    return target


def others(path: Path) -> dict[str, str]:
    """Every tag but the genre, as text."""
    tags = mutagen.File(path).tags or {}
    named = {key: str(tags[key]) for key in tags.keys()}  # noqa: SIM118 - lists look like maps
    return {k: v for k, v in named.items() if k.lower() not in ("tcon", "genre", "\xa9gen")}


@pytest.mark.parametrize("kind", CLIPS)
def test_every_format(kind: str, tmp_path: Path, samples: Path) -> None:
    path = clip(kind, tmp_path, samples)
    before, sound = others(path), stream_digest(path)
    assert read_genres(path).kind == kind
    write_genres(path, ("Jazz", "R&B; Soul"))
    wanted = ("Jazz", "R&B; Soul") if kind != "ID3v2.3" else ("Jazz/R&B; Soul",)
    assert (read_genres(path).values, read_genres(path).kind) == (wanted, kind)
    assert (others(path), stream_digest(path)) == (before, sound)
    write_genres(path, ())
    assert read_genres(path).values == ()
    assert (others(path), stream_digest(path)) == (before, sound)


def test_the_digest_is_of_the_sound(tmp_path: Path, samples: Path) -> None:
    path = clip("ID3v2.4", tmp_path, samples)
    sound = stream_digest(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert stream_digest(path) != sound


def test_what_has_no_tags(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("no sound")
    for path in (tmp_path / "a.mp3", tmp_path / "absent.mp3", tmp_path):
        with pytest.raises(TagError):
            read_genres(path)


def odd_songs(folder: Path, samples: Path) -> tuple[Path, Path]:
    """A WAV written into a pipe, which tells no length; an Ogg whose tags' page has no packet."""
    piped, damaged = folder / "piped.wav", folder / "damaged.ogg"
    sound = bytearray((samples / "electronic_its_simple_8k_mono.wav").read_bytes())
    sound[4:8] = b"\xff" * 4
    piped.write_bytes(sound)
    pages = bytearray((samples / "blues_black_bass.ogg").read_bytes())
    pages[84] = 0
    damaged.write_bytes(pages)
    return piped, damaged


def test_whatever_trips_over_a_file_names_it(tmp_path: Path, samples: Path) -> None:
    piped, damaged = odd_songs(tmp_path, samples)
    with pytest.raises(TagError, match=r"piped\.wav: the tags cannot be written"):
        write_genres(piped, ("Jazz",))
    with pytest.raises(TagError, match=r"damaged\.ogg: the tags cannot be read"):
        read_genres(damaged)


def test_an_unreadable_tag_is_an_error_of_its_file(
    tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip("ID3v2.4", tmp_path, samples)
    write_genres(path, ("Jazz",))
    broken = property(lambda frame: frame.text[9])
    monkeypatch.setattr(id3.TCON, "genres", broken)
    with pytest.raises(TagError, match=r"mp3: the tags cannot be read \(list index"):
        read_genres(path)


def test_odd_files_stop_no_plan_and_no_writing(tmp_path: Path, samples: Path, store: Store) -> None:
    piped, damaged = odd_songs(tmp_path, samples)
    good = clip("Vorbis comments", tmp_path, samples)
    failure, *changes = make_plan(table(damaged, piped, good), Rules(existing="replace"))
    assert isinstance(failure, Failure)
    assert (failure.source, failure.stage) == (str(damaged), "tags")
    plan = [one for one in changes if isinstance(one, Change)]
    before = piped.read_bytes()
    refused, written = apply_plan(plan, store, "p")
    assert isinstance(refused, Failure)
    assert isinstance(written, Written)
    assert (piped.read_bytes(), written.path) == (before, os.fsencode(good))


def table(*paths: Path) -> Table:
    mean = np.tile([[0.7, 0.25, 0.05]], (len(paths), 1))
    figures = {name: np.full(len(paths), 0.7) for name in FIGURES}
    named = tuple(os.fsencode(path) for path in paths)
    labels = ("Jazz", "Hip-Hop", "Rock")
    return Table(
        labels, ("m",), named, mean, figures, np.ones(len(paths), np.int64), ("",) * len(paths)
    )


@pytest.mark.parametrize(
    ("rules", "there", "after"),
    [
        (Rules(), (), ("Jazz",)),
        (Rules(), ("Old",), None),
        (Rules(threshold=0.8), (), None),
        (Rules(threshold=0.2, top=2), (), ("Jazz", "Hip-Hop")),
        (Rules(existing="add"), ("Old",), ("Old", "Jazz")),
        (Rules(existing="add"), ("jazz",), None),
        (Rules(existing="replace"), ("Old", "Older"), ("Jazz",)),
        (Rules(threshold=0.2, top=2, words={"Hip-Hop": "Rap", "Jazz": ""}), (), ("Rap",)),
        (Rules(threshold=0.2, top=2, separator=" / "), (), ("Jazz / Hip-Hop",)),
        (Rules(0.2, 2, separator="; ", separators={"flac": "/"}), (), ("Jazz/Hip-Hop",)),
        (Rules(0.2, 2, separator="; ", separators={"flac": ""}), (), ("Jazz", "Hip-Hop")),
        (Rules(0.2, 2, separator="; ", separators={"mp3": "/"}), (), ("Jazz; Hip-Hop",)),
    ],
)
def test_rules(
    rules: Rules,
    there: tuple[str, ...],
    after: tuple[str, ...] | None,
    tmp_path: Path,
    samples: Path,
) -> None:
    path = clip("Vorbis comments", tmp_path, samples)
    write_genres(path, there)
    changes = list(make_plan(table(path), rules))
    if after is None:
        assert changes == []
    else:
        (change,) = changes
        assert isinstance(change, Change)
        assert (change.before, change.after) == (there, after)


@pytest.mark.parametrize("kind", CLIPS)
@pytest.mark.parametrize("existing", ["add", "replace"])
@pytest.mark.parametrize("separator", ["", "; ", "/", " "])
def test_what_is_written_is_not_planned_again(
    kind: str, existing: Any, separator: str, tmp_path: Path, samples: Path
) -> None:
    path = clip(kind, tmp_path, samples)
    write_genres(path, ("Blues",))
    rules = Rules(0.2, 2, existing, {"Jazz": "Folk/Country"}, separator)
    (change,) = make_plan(table(path), rules)
    assert isinstance(change, Change)
    write_genres(path, change.after)
    assert list(make_plan(table(path), rules)) == []


@pytest.mark.parametrize(
    ("kind", "there", "separator", "after"),
    [
        ("ID3v2.3", ("Rock/jazz",), "", None),
        ("ID3v2.3", ("Jazz Rock/Blues",), "", ("Jazz Rock/Blues", "Jazz")),
        ("ID3v2.4", ("Rock/Jazz",), "", ("Rock/Jazz", "Jazz")),
        ("Vorbis comments", ("Rock;Jazz",), "; ", None),
        ("Vorbis comments", ("Rock", "Jazz"), "; ", None),
        ("Vorbis comments", ("Folk/Country",), "; ", ("Folk/Country; Jazz",)),
    ],
)
def test_adding_looks_into_joined_values(
    kind: str,
    there: tuple[str, ...],
    separator: str,
    after: tuple[str, ...] | None,
    tmp_path: Path,
    samples: Path,
) -> None:
    path = clip(kind, tmp_path, samples)
    write_genres(path, there)
    found = list(make_plan(table(path), Rules(existing="add", separator=separator)))
    assert [one.after for one in found if isinstance(one, Change)] == ([after] if after else [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ("", {})),
        ([" = "], (" = ", {})),
        (["=", "FLAC==", ".m4a=;"], ("=", {"flac": "=", "m4a": ";"})),
    ],
)
def test_separators(given: list[str], expected: tuple[str, dict[str, str]]) -> None:
    assert parse_separators(given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["flc= / "], r"no format 'flc'.*there are: aif,.* flac, m4a"),
        (["; ", "/"], "two separators for all files"),
        (["mp3=;", "MP3=/"], "two separators for mp3"),
    ],
)
def test_separators_that_are_refused(given: list[str], words: str) -> None:
    with pytest.raises(TagError, match=words):
        parse_separators(given)


def test_a_plan_reads_as_it_was_written(tmp_path: Path) -> None:
    changes = [
        Change(b'/l/st\xffray\n,".mp3', ("a;b", "c\\"), ("Jazz",), 0.5, "MP4"),
        Change("/l/é.mp3".encode(), (), ("R&B", "Soul")),
    ]
    path = tmp_path / "plan.csv"
    assert write_plan(changes, path) == 2
    read = read_plan(path)
    assert [(c.path, c.before, c.after) for c in read] == [
        (c.path, c.before, c.after) for c in changes
    ]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_plan(path)) == 2


@pytest.mark.parametrize(
    "text",
    ["", '{"x":1', "a,b\n1,2\n", "path,before,after\n/a\n", "path,before,after\n/a,,x\n/a,,y\n"],
)
def test_what_is_no_plan(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(text)
    with pytest.raises(TagError):
        read_plan(path)


def test_words(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text('"Hip-Hop" = "Rap"\n')
    assert read_words(path, ("Hip-Hop",)) == {"Hip-Hop": "Rap"}
    for text in ('Polka = "x"', "Jazz = 1", "[["):
        path.write_text(text)
        with pytest.raises(TagError):
            read_words(path, ("Jazz",))


def test_words_as_people_type_them() -> None:
    genres = ("Hip-Hop", "Jazz", "Pop")
    typed = '\n Hip-Hop = Rap & Hip-Hop\n"Jazz" = "Swing = Jazz"\nPop＝\n'
    assert parse_words(typed, genres) == {
        "Hip-Hop": "Rap & Hip-Hop",
        "Jazz": "Swing = Jazz",
        "Pop": "",
    }
    assert parse_words("  ", genres) == {}
    for wrong in ("Jazz", "Polka = x", "Jazz = a\nJazz = b", "= x"):
        with pytest.raises(TagError):
            parse_words(wrong, genres)


def changed(path: Path, after: tuple[str, ...] = ("Jazz",)) -> Change:
    return Change(os.fsencode(path), read_genres(path).values, after)


def test_apply_and_undo(tmp_path: Path, samples: Path, store: Store) -> None:
    paths = [clip(kind, tmp_path, samples) for kind in CLIPS]
    before = {path: (others(path), stream_digest(path), path.stat()) for path in paths}
    written = list(apply_plan([changed(path) for path in paths], store, "p", keep_time=True))
    assert [getattr(one, "kind", one) for one in written] == ["written"] * 4
    again = list(apply_plan([Change(os.fsencode(paths[0]), (), ("Jazz",))], store, "p"))
    assert isinstance(again[0], Written)
    assert again[0].kind == "untouched"
    for path in paths:
        assert read_genres(path).values == ("Jazz",)
        rest, sound, state = before[path]
        assert (others(path), stream_digest(path)) == (rest, sound)
        assert path.stat().st_mtime_ns == state.st_mtime_ns
        assert path.stat().st_mode == state.st_mode
    one = frozenset([os.fsencode(paths[1])])
    assert [getattr(u, "kind", u) for u in undo(store, only=one)] == ["undone"]
    assert read_genres(paths[1]).values == ()
    assert read_genres(paths[0]).values == ("Jazz",)
    assert len(list(undo(store))) == 3
    assert [read_genres(path).values for path in paths] == [()] * 4
    assert [others(path) for path in paths] == [before[path][0] for path in paths]
    with pytest.raises(CollectionError, match="nothing to undo"):
        list(undo(store))
    assert sorted(
        p.name for p in tmp_path.iterdir() if p.suffix != ".sqlite" and ".sqlite-" not in p.name
    ) == sorted(CLIPS.values())


def test_what_changed_since_is_left_alone(tmp_path: Path, samples: Path, store: Store) -> None:
    path = clip("MP4", tmp_path, samples)
    plan = [changed(path)]
    write_genres(path, ("Mine",))
    (outcome,) = apply_plan(plan, store, "p")
    assert isinstance(outcome, Failure)
    assert "'Mine' where the plan found empty" in outcome.reason
    list(apply_plan([changed(path)], store, "p"))
    write_genres(path, ("Mine again",))
    (outcome,) = undo(store)
    assert isinstance(outcome, Failure)
    assert read_genres(path).values == ("Mine again",)


def test_a_writing_that_would_change_the_sound_is_refused(
    tmp_path: Path, samples: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip("ID3v2.4", tmp_path, samples)
    content = path.read_bytes()

    def spoil(partial: Path, genres: tuple[str, ...]) -> None:
        write_genres(partial, genres)
        data = bytearray(partial.read_bytes())
        data[-5000] ^= 1
        partial.write_bytes(data)

    monkeypatch.setattr("genrescope.collection.tagging.writing.write_genres", spoil)
    (outcome,) = apply_plan([changed(path)], store, "p")
    assert isinstance(outcome, Failure)
    assert "would change its sound" in outcome.reason
    assert path.read_bytes() == content
    assert not list(tmp_path.glob(".genrescope-*"))


def test_a_link_stays_a_link(tmp_path: Path, samples: Path, store: Store) -> None:
    path = clip("Vorbis comments", tmp_path, samples)
    link = tmp_path / "link.flac"
    link.symlink_to(path.name)
    list(apply_plan([changed(link)], store, "p"))
    assert link.is_symlink()
    assert read_genres(path).values == ("Jazz",)


def raw_frame(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "big") + b"\0\0" + data


def raw_tag(*frames: bytes) -> bytes:
    """ID3v2.3, as other programs write it."""
    size = sum(map(len, frames))
    short = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + short + b"".join(frames)


def v1(title: bytes, comment: bytes, genre: int) -> bytes:
    fields = (title, 30), (b"artist", 30), (b"", 30), (b"1979", 4), (comment, 30)
    return b"TAG" + b"".join(text.ljust(length, b"\0") for text, length in fields) + bytes([genre])


ODD = (
    raw_frame(b"TIT2", b"\x00Song"),
    raw_frame(b"TPE1", b"\x00Ann\0Bob"),
    raw_frame(b"TXXX", b"\x00MOOD\0calm\0slow"),
    raw_frame(b"TYER", b"\x001979-80"),
    raw_frame(b"TDAT", b"\x002405"),
    raw_frame(b"TSIZ", b"\x0012345"),
    raw_frame(b"RVAD", b"\x00\x10\x01\x02"),
    raw_frame(b"XYZ1", b"of another program"),
)
"""What mutagen translates, joins or drops where it brings ID3v2.3 up to date."""


def sound_of(path: Path) -> bytes:
    """An mp3's bytes without its ID3v2 tag."""
    data = path.read_bytes()
    size = sum(
        (byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)
    )
    return data[10 + size :] if data.startswith(b"ID3") else data


def test_other_frames_stay_to_the_byte(tmp_path: Path, samples: Path, store: Store) -> None:
    song = tmp_path / "song.mp3"
    end = v1("歌曲".encode("gbk"), "一些话".encode("gbk"), 17)
    song.write_bytes(
        raw_tag(*ODD, raw_frame(b"TCON", b"\x00Rock")) + sound_of(samples / CLIPS["ID3v2.3"]) + end
    )
    before = song.read_bytes()
    change = Change(os.fsencode(song), ("Rock",), ("Jazz", "Latin"))
    (written,) = apply_plan([change], store, "plan")
    assert isinstance(written, Written)
    assert read_genres(song).values == ("Jazz/Latin",)
    assert all(frame in song.read_bytes() for frame in ODD)
    assert song.read_bytes()[-128:-1] == end[:-1]
    (undone,) = undo(store)
    assert isinstance(undone, Written)
    assert read_genres(song).values == ("Rock",)
    assert all(frame in song.read_bytes() for frame in ODD)
    assert song.read_bytes()[-128:] == end
    assert sound_of(song)[-1000:] == before[-1000:]


def test_the_first_version_alone(tmp_path: Path, samples: Path, store: Store) -> None:
    song = tmp_path / "old.mp3"
    song.write_bytes(sound_of(samples / CLIPS["ID3v2.3"]) + v1(b"Song", b"words", 17))
    assert read_genres(song).values == ("Rock",)
    (written,) = apply_plan([Change(os.fsencode(song), ("Rock",), ("Jazz",))], store, "plan")
    assert isinstance(written, Written), written
    assert song.read_bytes()[-128:] == v1(b"Song", b"words", 8)
    assert str(mutagen.File(song).tags["TIT2"]) == "Song"
    assert all(isinstance(one, Written) for one in undo(store))
    assert read_genres(song).values == ("Rock",)


@pytest.mark.parametrize("comment", [b"ARTIST=" + "歌手".encode("gbk"), b"no pair at all"])
def test_comments_that_would_be_damaged_are_left(
    comment: bytes, tmp_path: Path, samples: Path, store: Store
) -> None:
    song = clip("Vorbis comments", tmp_path, samples)
    file = mutagen.File(song)
    file["artist"] = "x" * (len(comment) - len(b"artist="))
    file["title"] = "a \ufffd that was there before"
    file.save()
    data = song.read_bytes()
    (fine,) = apply_plan(
        [Change(os.fsencode(song), read_genres(song).values, ("Pop",))], store, "p"
    )
    assert isinstance(fine, Written)
    song.write_bytes(data.replace(b"artist=" + b"x" * (len(comment) - 7), comment))
    odd = song.read_bytes()
    found = read_genres(song).values
    (left,) = apply_plan([Change(os.fsencode(song), found, ("Rock",))], store, "plan")
    assert isinstance(left, Failure)
    assert "UTF-8" in left.reason
    assert song.read_bytes() == odd
