"""From made-up songs to a model file that can be used, and a report that can be read."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("torchvision", reason="the extra 'train' is not installed")

from genrescope.classification.classifier import Classifier  # noqa: E402
from genrescope.classification.looking import load_models  # noqa: E402
from genrescope.learn.optimising import set_training  # noqa: E402
from genrescope.learn.own.account import account, write_account  # noqa: E402
from genrescope.learn.own.begin import begin, find_start, shared_labels  # noqa: E402
from genrescope.learn.own.bench import Bench, Wish, prepare  # noqa: E402
from genrescope.learn.own.collection import Collection, collect  # noqa: E402
from genrescope.learn.own.find import Question, find_songs  # noqa: E402
from genrescope.learn.own.label import Labelled, label_songs  # noqa: E402
from genrescope.learn.own.page import render  # noqa: E402
from genrescope.learn.own.plan import MOST_STEPS, Start, plan  # noqa: E402
from genrescope.learn.own.song import Passed  # noqa: E402
from genrescope.learn.recipe import Stage  # noqa: E402
from genrescope.learn.reliability import wilson  # noqa: E402
from genrescope.learn.training import Progress  # noqa: E402
from genrescope.types import GENRESCOPE_MEL, Prediction, TrainingError  # noqa: E402
from tests.learn.own.music import library  # noqa: E402


@pytest.fixture(scope="module")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("own") / "music")


@pytest.fixture(scope="module")
def made(library_folder: Path) -> tuple[Labelled, Collection]:
    labelled = label_songs(find_songs(Question(library_folder)).songs)
    drawn = library_folder.parent / "drawn"
    return labelled, collect(labelled, GENRESCOPE_MEL, drawn)


def bench(made: tuple[Labelled, Collection], runs: Path, wish: Wish) -> Bench:
    return prepare(wish, made[1], made[0].labels, runs)


def silent(_: Progress) -> None:
    pass


def test_one_command_from_songs_to_a_model(
    made: tuple[Labelled, Collection], library_folder: Path, tmp_path: Path
) -> None:
    wish = Wish("mine", "mobilenetv3_mel", steps=3)
    begun = bench(made, tmp_path / "runs", wish)
    assert "mobilenet_v3_large from mobilenetv3_mel: 3 steps on" in begun.describe()
    begun.train(silent, stop_after=2)
    again = bench(made, tmp_path / "runs", wish)
    assert again.run.step == 2
    assert "going on at step 2" in again.describe()
    again.train(silent)
    assert again.finished
    model, report = again.finish(tmp_path)
    card = model.card
    assert (card.name, card.labels, card.taxonomy) == ("mine", ("High", "Low", "Middle"), "")
    assert [source.name for source in card.training][-1] == "own songs"
    assert "no artist on two sides" in card.held_out
    assert any("measured on 6 songs only" in warning for warning in card.warnings)
    assert "mobilenetv3_mel" in card.licence
    content = account(again, made[0], model, report, (Passed("bad <b>.mp3", "no sound"),))
    page, data = write_account(content, model.path)
    assert json.loads(data.read_text(encoding="utf-8"))["songs"] == report.n == 6
    assert "bad &lt;b&gt;.mp3" in page.read_text(encoding="utf-8")
    song = next(library_folder.rglob("*.wav"))
    prediction = Classifier(load_models([str(model.path)])).classify(song)
    assert isinstance(prediction, Prediction)
    assert prediction.labels == card.labels


def test_the_head_alone_leaves_the_rest(made: tuple[Labelled, Collection], tmp_path: Path) -> None:
    frozen = bench(made, tmp_path, Wish("frozen", "mobilenetv3_mel", freeze=True, steps=2))
    before = {key: value.clone() for key, value in frozen.run.network.state_dict().items()}
    frozen.train(silent)
    after = frozen.run.network.state_dict()
    changed = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert changed == {"head.weight", "head.bias"}
    set_training(frozen.run.network, Stage(32, 1, 1))
    assert all(parameter.requires_grad for parameter in frozen.run.network.parameters())


def test_known_labels_keep_their_rows(made: tuple[Labelled, Collection]) -> None:
    _, model = find_start("mobilenetv3_mel")
    assert model is not None
    labels = ("Polka", "hip hop", "JAZZ")
    assert shared_labels(model, labels) == ("hip hop", "JAZZ")
    weights = begin(model, labels, made[1].excerpts, 0)
    from genrescope.learn.restore import restore_network

    whole = restore_network(model).head.weight
    place = model.card.labels.index("Jazz")
    assert torch.equal(weights["head.weight"][2], whole[place])
    assert weights["head.weight"].shape == (3, whole.shape[1])


def test_other_songs_are_another_run(made: tuple[Labelled, Collection], tmp_path: Path) -> None:
    first = bench(made, tmp_path, Wish("one", "none", steps=2))
    other = bench(made, tmp_path, Wish("one", "none", steps=3))
    assert first.run.folder != other.run.folder
    assert first.recipe.stages[0].part == "all"
    labelled, collection = made
    quieter = replace(collection.excerpts, mel=collection.excerpts.mel // 2)
    sounding = (labelled, replace(collection, excerpts=quieter))  # other sound, the same names
    assert bench(sounding, tmp_path, Wish("one", "none", steps=2)).run.folder != first.run.folder
    with pytest.raises(TrainingError, match="--freeze needs a trained network"):
        bench(made, tmp_path, Wish("one", "none", freeze=True))


def test_plans_grow_with_the_songs() -> None:
    _, model = find_start("mobilenetv3_mel")
    assert model is not None
    start = Start(card=model.card)
    steps = [plan("x", start, n, freeze=False, steps=None).steps for n in (10, 150, 10_000)]
    assert steps[0] < steps[1] < steps[2] == MOST_STEPS
    stages = plan("x", start, 150, freeze=False, steps=100).stages
    assert [(stage.part, stage.steps) for stage in stages] == [("head", 25), ("all", 75)]


def test_intervals_of_shares_hold_what_they_promise() -> None:
    generator = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9):
        hits = generator.binomial(20, share, 2000)
        inside = [low <= share <= high for low, high in (wilson(int(h), 20) for h in hits)]
        assert 0.92 <= np.mean(inside) <= 0.98
    assert wilson(0, 5)[0] == pytest.approx(0.0, abs=1e-12)
    assert wilson(5, 5)[1] == pytest.approx(1.0, abs=1e-12)


def test_the_page_is_sound_html() -> None:
    scores = [
        {"metric": m, "value": 0.5, "low": 0.4, "high": 0.6}
        for m in ("top1", "top3", "macro_f1", "ece")
    ]
    content = {
        "model": "a<b",
        "network": "n",
        "begun_from": "",
        "learned": "all",
        "steps": 3,
        "songs": 4,
        "split_how": "by song",
        "scores": scores,
        "warnings": [],
        "labels": ["R&B", "<Rock>"],
        "per_genre": [{"genre": "R&B", "songs": 4, "recall": 0.5, "low": 0.2, "high": 0.8}],
        "confusion": [[2, 2], [0, 0]],
        "genres": [],
        "left_out": [],
        "passed_over": [],
        "sounding_alike": [],
    }
    page = render(content)
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed(page)
    assert not opened
    assert "<Rock>" not in page
    assert "not tested" in page
    assert "http" not in page
