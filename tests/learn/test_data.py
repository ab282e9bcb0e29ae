"""Excerpts, splits, leaks, and what augmentation may and may not do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrescope.classification import taxonomies
from genrescope.learn import datasets, splits
from genrescope.learn.augment import Augmentation, augment, cut_windows, mix
from genrescope.learn.evaluation import excerpt_logits, song_logits, window_columns
from genrescope.learn.excerpts import Excerpts, stretch_columns
from genrescope.learn.fold_recipe import is_fold
from genrescope.learn.recipe import Data, read_recipe
from genrescope.learn.sampling import build_pool, draw_batch
from genrescope.learn.soft_labels import SoftLabels
from genrescope.types import FloatArray, TrainingError
from tests.learn.made_up import GENRES, collection

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
LABELS = taxonomies.load("genres16").labels


def test_hashing_gives_the_shares_it_promises() -> None:
    counts = Counter(splits.split_by_hash(f"artist {i}") for i in range(4000))
    assert counts["test"] / 4000 == pytest.approx(splits.TEST_SHARE, abs=0.02)
    assert counts["valid"] / 4000 == pytest.approx(splits.VALID_SHARE, abs=0.02)


def test_a_group_in_two_splits_is_a_leak() -> None:
    good = collection()
    splits.check_leaks([good])
    train, test = (good.splits.index(s) for s in ("train", "test"))
    groups = list(good.groups)
    groups[test] = groups[train]
    with pytest.raises(TrainingError, match="stands in"):
        splits.check_leaks([replace(good, groups=tuple(groups))])


def test_a_song_in_two_collections_is_a_leak_until_withheld() -> None:
    one, other = collection("one"), collection("other")
    songs = list(other.songs)
    taught, judged = one.splits.index("train"), other.splits.index("test")
    songs[judged] = one.songs[taught].upper() + " (Live)"
    both = [one, replace(other, songs=tuple(songs))]
    with pytest.raises(TrainingError, match="train and in test"):
        splits.check_leaks(both)
    cleaned = splits.withhold_judged(both)
    splits.check_leaks(cleaned)
    assert cleaned[0].splits[taught] == "excluded"
    assert Counter(cleaned[0].splits)["excluded"] == 1


def test_an_artist_who_judges_elsewhere_is_withheld() -> None:
    one, other = collection("one"), collection("other")
    place = one.splits.index("train")
    groups, judged = list(one.groups), list(other.groups)
    groups[place] = "AC/DC"
    judged[other.splits.index("test")] = "ACDC"
    cleaned = splits.withhold_judged(
        [replace(one, groups=tuple(groups)), replace(other, groups=tuple(judged))]
    )
    assert cleaned[0].splits[place] == "excluded"


def test_excerpts_refuse_what_does_not_fit() -> None:
    good = collection()
    with pytest.raises(TrainingError, match="genres"):
        replace(good, genres=good.genres[1:])
    with pytest.raises(TrainingError, match="unknown splits"):
        replace(good, splits=("dev",) * len(good))
    with pytest.raises(TrainingError, match="twice"):
        replace(good, names=("same",) * len(good))
    with pytest.raises(TrainingError, match="no cqt"):
        replace(good, cqt=None).pictures("cqt")
    assert good.digest != replace(good, genres=good.genres[::-1]).digest


def test_stretching_keeps_the_picture() -> None:
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (2, 8, 1))
    longer = stretch_columns(ramp, 128)
    assert longer.shape == (2, 8, 128)
    assert np.abs(longer[:, :, ::2].astype(int) - ramp).max() <= 4


@pytest.fixture
def windows() -> FloatArray:
    parts = list(collection(per_genre=20).mel)
    return cut_windows(parts, 128, 0.1, np.random.default_rng(0))


def test_augmentation_keeps_range_and_input(windows: FloatArray) -> None:
    before = windows.copy()
    first = augment(windows, Augmentation(), np.random.default_rng(1))
    second = augment(windows, Augmentation(), np.random.default_rng(1))
    assert np.array_equal(windows, before)
    assert np.array_equal(first, second)
    assert first.shape == windows.shape
    assert first.dtype == np.float32
    assert 0 <= first.min() <= first.max() <= 1
    assert np.abs(first - windows).mean() > 0.01


def test_augmentation_without_noise(windows: FloatArray) -> None:
    for noise_db in (0.0, 0.2):
        changed = augment(windows, Augmentation(noise_db=noise_db), np.random.default_rng(1))
        assert np.isfinite(changed).all()


def test_mixtures_keep_their_sum(windows: FloatArray) -> None:
    targets = np.eye(3, dtype=np.float32)[np.arange(len(windows)) % 3]
    mixed, blended = mix(windows, targets, (1.0, 0.4), np.random.default_rng(0))
    np.testing.assert_allclose(blended.sum(axis=1), 1, rtol=1e-5)
    assert not np.array_equal(mixed, windows)
    same, _ = mix(windows, targets, (0.0, 0.4), np.random.default_rng(0))
    assert same is windows


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(RECIPES.glob("*.toml")) if not is_fold(path)],
    ids=lambda path: path.stem,
)
def test_every_recipe_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert recipe.steps == sum(stage.steps for stage in recipe.stages)
    assert set(recipe.data.sources) <= set(datasets.names())
    assert not recipe.init or (RECIPES / f"{recipe.init}.toml").is_file()


def test_a_word_that_means_nothing_is_refused(tmp_path: Path) -> None:
    text = (RECIPES / "mobilenetv3_mel.toml").read_text(encoding="utf-8")
    path = tmp_path / "r.toml"
    path.write_text(text.replace("peak_rate", "peak_speed"), encoding="utf-8")
    with pytest.raises(TrainingError, match="peak_speed"):
        read_recipe(path)
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(TrainingError, match="not a recipe"):
        read_recipe(path)
    with pytest.raises(TrainingError, match=r"no such recipe: .*recipes/"):
        read_recipe(tmp_path / "gone.toml")


def test_batches_repeat_and_balance() -> None:
    recipe = read_recipe(RECIPES / "mobilenetv3_mel.toml")
    whole = collection(per_genre=40)
    thin = whole.take(np.array([g != "Jazz" or i % 5 == 0 for i, g in enumerate(whole.genres)]))
    pool = build_pool([thin], GENRES, "mel", Data(sources=()))
    mass = pool.weights @ pool.targets
    np.testing.assert_allclose(mass, 1 / 3, rtol=1e-5)
    assert len(pool.pictures) == thin.splits.count("train")
    first, second = (draw_batch(pool, recipe, 7, 128) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], draw_batch(pool, recipe, 8, 128)[0])
    with pytest.raises(TrainingError, match="no label for"):
        build_pool([thin], ("Polka", "Waltz"), "mel", Data(sources=()))


def test_twins_are_the_same_seconds_mixed_alike() -> None:
    """A constant-Q picture that holds the mel's own rows shows which seconds and which mixture."""
    recipe = read_recipe(RECIPES / "mobilenetv3_mel.toml")
    still = Augmentation(
        shift_bands=0, gain_db=0, tilt_db=0, curve_db=0, contrast=0, blur_columns=(0, 0, 0),
        blur_bands=(0, 0, 0), noise_db=0, floor=(0, -38), low_pass=(0, 0.6), masks=0,
        mixup=(1.0, 0.4),
    )  # fmt: skip
    plain = replace(recipe, augmentation=still)
    made = collection()
    made = replace(made, cqt=made.mel[:, :84].copy())
    pool = build_pool([made], GENRES, "mel", Data(sources=()), frozenset({"cqt", "mel"}))
    assert set(pool.twins) == {"cqt"}
    batch = draw_batch(pool, plain, 3, 128)
    np.testing.assert_allclose(batch.twins["cqt"], batch.windows[:, :84], atol=1e-5)
    rough = draw_batch(pool, recipe, 3, 128)
    alone = draw_batch(build_pool([made], GENRES, "mel", Data(sources=())), recipe, 3, 128)
    assert np.array_equal(rough.windows, alone.windows)  # being watched changes nothing
    assert not alone.twins
    short = replace(made, cqt=made.mel[:, :84, :-1].copy())
    with pytest.raises(TrainingError, match="not of one length"):
        build_pool([short], GENRES, "mel", Data(sources=()), frozenset({"cqt"}))


def test_what_nobody_labelled_is_drawn_as_often_as_asked() -> None:
    made = collection()
    some = replace(
        made,
        genres=("", "", *made.genres[2:]),
        splits=("unlabelled", "unlabelled", *made.splits[2:]),
    )
    plain = build_pool([some], GENRES, "mel", Data(sources=()))
    pool = build_pool([some], GENRES, "mel", Data(sources=(), unlabelled=0.2))
    silent = pool.targets.sum(axis=1) == 0
    assert silent.sum() == 2
    assert pool.weights[silent].sum() == pytest.approx(0.2)
    np.testing.assert_allclose(pool.weights[~silent], plain.weights * 0.8)
    with pytest.raises(TrainingError, match="there are none"):
        build_pool([made], GENRES, "mel", Data(sources=(), unlabelled=0.2))


def test_an_unlabelled_excerpt_of_who_judges_is_withheld() -> None:
    made = collection()
    judge, other = made.splits.index("test"), made.splits.index("train")
    marked = list(made.splits)
    marked[other] = "unlabelled"
    groups = list(made.groups)
    groups[other] = groups[judge].upper()
    excerpts = replace(made, splits=tuple(marked), groups=tuple(groups))
    assert splits.withhold_judged([excerpts])[0].splits[other] == "excluded"
    free = replace(excerpts, groups=made.groups)
    assert splits.withhold_judged([free])[0].splits[other] == "unlabelled"


def test_soft_labels_spread() -> None:
    soft = {"made_up": {"Jazz": {"Jazz": 0.75, "Blues": 0.25}}}
    pool = build_pool([collection()], GENRES, "mel", Data(sources=(), soft=soft))
    assert sorted({tuple(row) for row in pool.targets.tolist()}) == [
        (0.0, 1.0, 0.0), (0.25, 0.0, 0.75), (1.0, 0.0, 0.0),
    ]  # fmt: skip


def test_what_another_network_heard_is_part_of_a_label_and_all_of_none() -> None:
    made = collection()
    taught, judged = made.splits.index("train"), made.splits.index("test")
    silent = next(i for i, s in enumerate(made.splits) if s == "train" and i != taught)
    genres, marks = list(made.genres), list(made.splits)
    genres[silent], marks[silent] = "", "unlabelled"
    some = replace(made, genres=tuple(genres), splits=tuple(marks))
    rows = np.tile(np.array([0.2, 0.3, 0.5], dtype=np.float32), (3, 1))
    heard = SoftLabels(
        dataset="made_up",
        labels=GENRES,
        names=tuple(made.names[i] for i in (taught, silent, judged)),
        splits=("train", "unlabelled", "test"),
        probabilities=rows,
    )
    data = Data(sources=(), unlabelled=0.2)
    plain = build_pool([some], GENRES, "mel", data)
    pool = build_pool([some], GENRES, "mel", data, heard=heard, share=0.4)
    changed = np.flatnonzero((pool.targets != plain.targets).any(axis=1))
    assert len(changed) == 2  # not the one that judges
    np.testing.assert_array_equal(pool.targets[changed[1]], rows[1])
    told = 0.6 * plain.targets[changed[0]] + 0.4 * rows[0]
    np.testing.assert_allclose(pool.targets[changed[0]], told, atol=1e-6)
    assert np.array_equal(pool.weights, plain.weights)
    others = build_pool([replace(some, dataset="other")], GENRES, "mel", data, heard=heard, share=1)
    assert np.array_equal(others.targets, plain.targets)
    turned = replace(heard, labels=GENRES[::-1])
    with pytest.raises(TrainingError, match="in another order"):
        build_pool([some], GENRES, "mel", data, heard=turned, share=0.4)


def test_songs_are_counted_once() -> None:
    excerpts = replace(collection(per_genre=2), songs=("a", "b", "c", "a", "b", "c"))

    def infer(stack: FloatArray) -> FloatArray:
        means: FloatArray = stack.mean(axis=2)[:, [25, 55, 85]]
        return means

    logits = excerpt_logits(infer, excerpts.mel, 128)
    pooled, truth = song_logits(logits, excerpts, GENRES)
    assert pooled.shape == (3, 3)
    assert np.array_equal(pooled.argmax(axis=1), truth)
    assert window_columns(387, 128) == (0, 128, 256)


def test_real_collections_do_not_leak(real: tuple[Excerpts, ...]) -> None:
    splits.check_leaks(real)
    judged = {splits.plain_name(g) for e in real for g in e.split("test").groups}
    taught = {splits.plain_name(g) for e in real for g in e.split("train").groups}
    assert not judged & taught
    pool = build_pool(real, LABELS, "mel", Data(sources=()))
    assert len(pool.pictures) == sum(len(e.split("train")) for e in real)
