"""One recording under two names is found by its sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from genrescope.learn import datasets, fingerprints, loading
from genrescope.learn.excerpts import Excerpts, UnitBytes
from genrescope.learn.fingerprints import (
    Repeat,
    find_repeats,
    overlay,
    tell_repeats,
    withhold_repeats,
)

COLUMNS = 384


def music(seed: int, columns: int = COLUMNS) -> UnitBytes:
    """Strokes and notes that fade, at random times: uint8 (128, columns)."""
    generator = np.random.default_rng(seed)
    level = np.full((128, columns), -70.0)
    fade = np.arange(columns)
    for _ in range(160):
        start, band = generator.integers(0, columns), generator.integers(0, 118)
        tail = -10 - 30 * generator.random() - 1.5 * (fade[: columns - start])
        height = generator.integers(3, 40)
        level[band : band + height, start:] = np.maximum(level[band : band + height, start:], tail)
    level += generator.normal(0, 1.5, level.shape)
    return np.clip((level + 80) * 255 / 80, 0, 255).astype(np.uint8)


def collection(dataset: str, mels: list[UnitBytes], split: str) -> Excerpts:
    names = tuple(f"{dataset} number {i}" for i in range(len(mels)))
    genres = ("Jazz",) * len(mels)
    splits = (split,) * len(mels)
    return Excerpts(dataset, np.stack(mels), None, genres, names, names, names, splits, "made up")


@pytest.fixture
def both() -> tuple[Excerpts, Excerpts]:
    """Five songs that judge; twelve that teach, of which the eighth is the third of the others.

    It begins 9 s later there, is duller, louder, and coarser in its values.
    """
    judging = [music(seed) for seed in range(5)]
    long = music(77, COLUMNS + 115)
    judging[2] = long[:, :COLUMNS]
    other = long[:, 115:].astype(np.float64)
    dull = other - np.linspace(0, 50, 128)[:, None] + 20
    smooth = (dull[:, :-1] + dull[:, 1:]) / 2
    twin = np.pad(np.clip(smooth // 4 * 4, 0, 255).astype(np.uint8), ((0, 0), (0, 1)))
    teaching = [music(100 + seed) for seed in range(12)]
    teaching[7] = twin
    return collection("one", judging, "test"), collection("two", teaching, "train")


def test_a_repeat_is_found_though_shifted_and_equalised(both: tuple[Excerpts, Excerpts]) -> None:
    (repeat,) = find_repeats(both)
    assert (repeat.judge, repeat.taught) == ("one number 2", "two number 7")
    assert repeat.correlation > fingerprints.SURE
    assert 15 < repeat.seconds < 24


def test_songs_that_only_share_their_loudness_are_no_repeat() -> None:
    judging = collection("one", [music(seed) for seed in range(6)], "valid")
    teaching = collection("two", [music(50 + seed) for seed in range(6)], "train")
    assert find_repeats([judging, teaching]) == ()
    assert find_repeats([judging]) == ()


def test_silence_matches_nothing() -> None:
    still = np.zeros((16, 191), np.float32)
    assert overlay(still, still)[0] == 0.0
    moving = np.random.default_rng(0).normal(0, 3, (16, 191)).astype(np.float32)
    assert overlay(still, moving)[0] == 0.0
    correlation, columns = overlay(moving, moving)
    assert correlation == pytest.approx(1.0)
    assert columns == 191
    assert overlay(moving[:, :20], moving) == (0.0, 0)


def test_what_repeats_is_withheld_and_looked_for_once(
    both: tuple[Excerpts, Excerpts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (judging, teaching), repeats = withhold_repeats(both, tmp_path)
    assert len(repeats) == 1
    assert judging.splits == both[0].splits
    assert teaching.splits[7] == "excluded"
    assert set(teaching.splits[:7] + teaching.splits[8:]) == {"train"}
    monkeypatch.setattr(fingerprints, "find_repeats", lambda _: pytest.fail("looked again"))
    assert withhold_repeats(both, tmp_path)[1] == repeats
    changed = (both[0], replace(both[1], splits=("excluded",) * 12))
    monkeypatch.setattr(fingerprints, "find_repeats", lambda _: ())
    assert withhold_repeats(changed, tmp_path)[1] == ()
    louder = (both[0], replace(both[1], mel=np.minimum(both[1].mel, 254) + np.uint8(1)))
    assert withhold_repeats(louder, tmp_path)[1] == ()


def test_what_was_withheld_is_named(
    both: tuple[Excerpts, Excerpts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = {"one": both[0], "two": both[1]}
    monkeypatch.setattr(loading, "withhold_judged", tuple)
    monkeypatch.setattr(datasets, "load", lambda name: SimpleNamespace(load=lambda _: read[name]))
    told: list[str] = []
    loading.load_collections(list(read), tmp_path, "mel", tmp_path / "kept", told.append)
    loading.load_collections(["one"], tmp_path, "mel", tmp_path / "kept", told.append)
    (line,) = told
    assert line.startswith("1 recording was withheld from train: ")
    (repeat,) = find_repeats(both)
    assert f"{repeat.taught} (two), which judges as {repeat.judge} (one)" in line


def test_recordings_are_counted_once() -> None:
    pairs = [("x", "song"), ("y", "song"), ("x", "other")]
    repeats = [Repeat("judges", judge, "two", taught, 0.9, 20.0) for judge, taught in pairs]
    line = tell_repeats(repeats)
    assert line.startswith("2 recordings were withheld from train: song (two), which judges as x")
    assert "x (judges) and as y (judges); other (two)" in line
    assert tell_repeats([]) == ""


def test_one_overture_under_two_names_of_its_composer(real: tuple[Excerpts, ...]) -> None:
    """The repeat that stands in ece324: Händel, and George Frideric Handel."""
    (ece324,) = (e for e in real if e.dataset == "ece324")
    rows = [i for i, name in enumerate(ece324.names) if "ndel" in name]
    found = find_repeats([ece324.take(np.isin(np.arange(len(ece324)), rows))])
    assert {ece324.splits[ece324.names.index(r.judge)] for r in found} == {"valid"}
    assert any("George Frideric" in repeat.taught for repeat in found)
