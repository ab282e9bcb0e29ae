"""Fitting what tells music from other sounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genrescope.classification.looking import Model
from genrescope.learn import datasets, gauge_judging, gauging, negatives
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.gauge_judging import gauge_card, gauge_file, measure_gauge
from genrescope.learn.gauge_rows import FEATURES, measure_rows, score_rows, split_pictures
from genrescope.learn.gauging import fit_gauge, fit_logistic
from genrescope.learn.metrics import auroc
from genrescope.learn.negatives import FOLD_SPLITS, as_negatives_are, load_negatives
from genrescope.models import read_model
from genrescope.models.engines import open_engine
from genrescope.types import TrainingError
from tests import onnx_models
from tests.learn.made_up import collection


def ambient(seed: int = 5) -> Excerpts:
    """Noise, even in time and in frequency."""
    generator = np.random.default_rng(seed)
    mel = generator.integers(150, 250, (30, 128, 128)).astype(np.uint8)
    cqt = generator.integers(150, 250, (30, 84, 128)).astype(np.uint8)
    names = tuple(f"Rain_{i % 3 + 1}-{1000 + i}-A.ogg" for i in range(30))
    splits = tuple(FOLD_SPLITS[i % 3 + 1] for i in range(30))
    blank = ("",) * 30
    return Excerpts("ambient", mel, cqt, blank, names, names, names, splits, "made up")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    file = onnx_models.write(tmp_path)
    return Model(file.card, open_engine(file))


def test_logistic_regression_against_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    values = generator.standard_normal((200, 4))
    sign = np.sign(values @ [1.0, -2.0, 0.0, 0.5] + generator.standard_normal(200))
    share = generator.uniform(0.5, 1.5, 200)
    share /= share.sum()
    weights, offset = fit_logistic(values, sign, share)
    theirs = LogisticRegression(C=1 / gauging.PENALTY, tol=1e-8, max_iter=1000)
    theirs.fit(values, sign, sample_weight=share)
    np.testing.assert_allclose(weights, theirs.coef_[0], atol=1e-3)
    assert offset == pytest.approx(theirs.intercept_[0], abs=1e-3)


def test_a_gauge_keeps_what_it_promises_and_catches_noise(model: Model) -> None:
    music = collection(per_genre=40)
    gauge, trials = fit_gauge(model, [music], ambient())
    assert [trial.feature for trial in trials] == list(FEATURES)
    assert gauge.feature == max(trials, key=lambda trial: trial.auroc).feature
    gauged = Model(replace(model.card, music=gauge), model.engine)
    on_valid = {s.metric: s for s in measure_gauge(gauged, [music], ambient(), "valid")[:3]}
    assert on_valid["music_kept"].value >= 0.95
    assert on_valid["music_kept"].n == 30 + 10
    scores = measure_gauge(gauged, [music], ambient())
    assert [s.metric for s in scores] == ["auroc", "music_kept", "others_caught", "auroc"]
    assert {s.dataset for s in scores} == {"made_up and ambient"}
    assert scores[0].value > 0.99
    assert scores[2].value > 0.9
    assert "cut to 5 s" in scores[3].note


def test_music_in_the_form_of_the_clips() -> None:
    pictures = np.zeros((2, 4, 200), dtype=np.uint8)
    pictures[:, 1, 70:130] = 100
    pictures[1, 2, 90] = 155
    formed = as_negatives_are(pictures)
    assert formed.shape == (2, 4, 128)
    assert np.array_equal(formed[:, :, :64], formed[:, :, 64:])
    assert formed.max(axis=(1, 2)).tolist() == [255, 255]
    assert formed[1, 1].max() == 200
    assert formed[:, 0].max() == 0


def test_translated_pictures_teach_no_gauge(tmp_path: Path) -> None:
    file = onnx_models.write(tmp_path, "small_cqt", "cqt")
    music = replace(collection(), cqt_translated=True)
    with pytest.raises(TrainingError, match="needs music and other sounds"):
        fit_gauge(Model(file.card, open_engine(file)), [music], ambient())
    with pytest.raises(TrainingError, match="has no music gauge"):
        measure_gauge(Model(file.card, open_engine(file)), [music], ambient())


def write_pairs(folder: Path, dataset: str, seed: int) -> None:
    music = collection(per_genre=16, seed=seed)
    names = np.array([f"{dataset} {name}" for name in music.names])
    np.savez(
        folder / f"{dataset}.npz",
        mel=music.mel,
        cqt=music.pictures("cqt"),
        genre=np.array(music.genres),
        artist=names,
        title=names,
        split=np.array(music.splits),
    )


def test_a_model_file_gets_a_gauge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, dataset in enumerate(("audio_pairs", "audio_pairs_rock")):
        write_pairs(tmp_path, dataset, seed)
    noise = ambient()
    np.savez(
        tmp_path / "ambient.npz",
        mel=noise.mel,
        cqt=noise.pictures("cqt"),
        name=np.array(noise.names),
    )
    made = onnx_models.write(tmp_path, "small_cqt", "cqt")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    elsewhere, _ = gauge_file("small_cqt", tmp_path / "new", tmp_path)
    assert read_model(made.path).card.music is None
    written, trials = gauge_file("small_cqt", None, tmp_path)
    assert written.path == made.path
    assert written.card == elsewhere.card == read_model(made.path).card
    assert written.card.music is not None
    assert len(trials) == len(FEATURES)
    again, _ = gauge_file("small_cqt", None, tmp_path)
    assert again.card == written.card
    assert len(again.card.scores) == len(gauge_judging.METRICS) + 1
    with pytest.raises(TrainingError, match="is not there"):
        gauge_file("small_cqt", None, tmp_path / "nowhere")


def test_scores_of_genres_stay_on_the_card(model: Model) -> None:
    from genrescope.types import Score

    score = Score("real audio", "test", "top1", 0.5, 0.4, 0.6, 100)
    scored = Model(replace(model.card, scores=(score,)), model.engine)
    card, _ = gauge_card(scored, [collection(per_genre=16)], ambient())
    assert card.scores[0] == score


def test_a_name_that_tells_no_fold(tmp_path: Path) -> None:
    noise = ambient()
    names = np.array(["rain.ogg", *noise.names[1:]])
    np.savez(tmp_path / "ambient.npz", mel=noise.mel, cqt=noise.pictures("cqt"), name=names)
    with pytest.raises(TrainingError, match=r"'rain\.ogg' does not tell"):
        load_negatives(tmp_path)


def test_on_real_sounds_texture_tells_music_from_rain(model: Model) -> None:
    folder = datasets.data_folder()
    if not (folder / negatives.FILE).is_file():
        pytest.skip(f"the ambient clips are not here ({folder})")
    sounds = load_negatives(folder)
    assert not set(sounds.take(_in(sounds, "train")).groups) & set(
        sounds.take(_in(sounds, "test")).groups
    )
    pairs = [datasets.load("audio_pairs").load(folder)]
    taught = measure_rows(model, split_pictures(pairs, "train", "mel", same_form=True), ["texture"])
    others = measure_rows(model, split_pictures([sounds], "train", "mel"), ["texture"])
    gauge = gauging.fit_one("texture", [taught], others)
    judged = measure_rows(model, split_pictures(pairs, "test", "mel"), ["texture"])
    against = measure_rows(model, split_pictures([sounds], "test", "mel"), ["texture"])
    area = auroc(score_rows(gauge, judged), score_rows(gauge, against))
    assert area > 0.97


def _in(excerpts: Excerpts, split: str) -> np.ndarray:
    return np.array([s == split for s in excerpts.splits])
