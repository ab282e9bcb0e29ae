"""What several models say together is the mean of what each of them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.bench.maps import Trial, Tried
from genrescope.apps.cli.main import main
from genrescope.apps.zoo_advice import Cost, advise, gauges, trust
from genrescope.apps.zoo_page import write_page
from genrescope.classification.looking import load_models
from genrescope.learn import judging, loading
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.judging import examine, to_plain
from genrescope.learn.second_look import EDGES, second_looks
from genrescope.learn.together import judge_together
from genrescope.models import find, save_model
from genrescope.types import Report, Score, TrainingError, TrainingSource
from tests import onnx_models
from tests.learn.made_up import GENRES, collection

COMMAND = "genrescope evaluate one two --together --page zoo.md"


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two models over the made-up genres, one of them for constant-Q, and made-up collections."""
    made = {"one": ("mel", 1), "two": ("cqt", 2)}
    for name, (kind, seed) in made.items():
        card = onnx_models.card(name, kind, labels=GENRES)
        save_model(onnx_models.graph(seed, len(GENRES)), card, tmp_path / f"{name}.onnx")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    judges = {"gtzan": collection("gtzan", seed=1), "real": collection("audio_pairs", seed=2)}

    def load(
        kind: str,
        folder: Path,
        cache: Path | None = None,
        on: Sequence[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> tuple[Excerpts, ...]:
        if tell is not None:
            tell("1 recording was withheld from train: a, which judges as b")
        return tuple(one for name, one in judges.items() if name in on or not on)

    monkeypatch.setattr(judging, "load_judges", load)
    return list(made)


def test_the_mean_of_both(names: list[str], tmp_path: Path) -> None:
    both = judge_together([examine(name, tmp_path) for name in names])
    assert [report.dataset for report in both] == ["real audio", "gtzan"]
    assert {report.model for report in both} == {"one + two"}
    one, two = load_models(names)
    parts = [collection("gtzan", seed=1)]
    said = [judging.beliefs(model, parts, "test").probabilities for model in (one, two)]
    wanted = np.log(said).mean(axis=0)
    truth = judging.beliefs(one, parts, "test").truth
    assert both[1].score("top1").value == (wanted.argmax(axis=1) == truth).mean()
    assert both[1].n == len(truth)


def test_calibration_is_measured_before_temperature_too(names: list[str], tmp_path: Path) -> None:
    for name, temperature in (("cold", 1.0), ("hot", 3.0)):
        card = replace(find("one").card, name=name, temperature=temperature)
        save_model(onnx_models.graph(1, len(GENRES)), card, tmp_path / f"{name}.onnx")
    cold, hot, two = (examine(name, tmp_path) for name in ("cold", "hot", "two"))
    for before, after in zip(cold.reports(), hot.reports(), strict=True):
        assert before.score("ece").value == before.score("ece_before").value
        assert after.score("ece_before").value == before.score("ece").value
        assert after.score("ece").value != before.score("ece").value
    plain, tempered = judge_together([cold, two])[0], judge_together([hot, two])[0]
    assert tempered.score("ece_before").value == plain.score("ece_before").value
    assert tempered.score("ece").value != plain.score("ece").value
    row = next(s for s in to_plain(tempered)["scores"] if s["metric"] == "ece_before")
    assert row["low"] <= row["value"] <= row["high"]


def test_one_alone_says_nothing_together(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="from two on"):
        judge_together([examine(names[0], tmp_path)] * 2)


def test_other_labels_are_refused(names: list[str], tmp_path: Path) -> None:
    turned = onnx_models.card("turned", labels=GENRES[::-1])
    save_model(onnx_models.graph(3, len(GENRES)), turned, tmp_path / "turned.onnx")
    with pytest.raises(TrainingError, match="in another order"):
        judge_together([examine(name, tmp_path) for name in (*names, "turned")])


def test_the_page_holds_every_model_and_what_they_say_together(
    names: list[str], tmp_path: Path
) -> None:
    heard = [examine(name, tmp_path) for name in names]
    reports = [report for one in heard for report in one.reports()] + judge_together(heard)
    page = tmp_path / "zoo.md"
    write_page(page, names, reports, COMMAND)
    text = page.read_text(encoding="utf-8")
    top1 = reports[-2].score("top1").value
    assert f"| one + two | {100 * top1:.1f} (" in text
    assert text.index("## Real audio, test") < text.index("## GTZAN, test")
    for name in (*names, *GENRES):
        assert f"| {name} |" in text
    assert f"- Most often right on real audio: `{'one' if wins(reports) else 'two'}`" in text
    assert "How far to trust" not in text  # cards without bands and gauge say nothing of it
    assert "Music or not" not in text


def test_the_page_says_where_a_second_look_helps(names: list[str], tmp_path: Path) -> None:
    heard = [examine(name, tmp_path) for name in names]
    looks = second_looks(heard)
    assert {(look.model, look.other, look.translated) for look in looks} == {("one", "two", False)}
    bands = [(look.low, look.high) for look in looks if look.dataset == "gtzan"]
    assert bands == list(pairwise(EDGES))
    reports = [*heard[0].reports(), *heard[1].reports(), *judge_together(heard)]
    for name in ("gtzan", "real audio"):
        own = [look for look in looks if look.dataset == name]
        told = {r.model: r for r in reports if r.dataset == name}
        songs = told["one"].n
        assert sum(look.songs for look in own) == songs
        for model, right in (("one", "alone"), ("one + two", "both")):
            total = sum(getattr(look, right) for look in own)
            assert total == round(told[model].score("top1").value * songs)
    sure = heard[0].believed["gtzan"].probabilities.max(axis=1)
    last = [look for look in looks if look.dataset == "gtzan"][-1]
    assert last.songs == np.count_nonzero(sure >= EDGES[-2]) > 0
    page = tmp_path / "zoo.md"
    write_page(page, names, reports, COMMAND, looks=looks)
    text = page.read_text(encoding="utf-8")
    part = text[text.index("## When to look at the other") : text.index("## What others report")]
    assert f"| {last.alone} → {last.both} of {last.songs} |" in part
    assert part.count("| one + two |") == 3
    every = [look for look in looks if look.low == last.low]
    alone, both, songs = (
        sum(getattr(look, what) for look in every) for what in ("alone", "both", "songs")
    )
    assert f"| {alone} → {both} of {songs} |" in part[: part.index("Real audio, test")]
    assert second_looks(heard[:1]) == []
    write_page(page, names, reports, COMMAND)
    assert "other spectrogram" not in page.read_text(encoding="utf-8")


def wins(reports: list[Report]) -> bool:
    one, two = (
        next(r for r in reports if r.model == name).score("top1").value for name in ("one", "two")
    )
    return one >= two


def _top1(value: float, low: float, high: float) -> Score:
    return Score("real audio", "test", "top1", value, low, high, 10)


def test_advice_comes_from_what_was_measured() -> None:
    costs = [
        Cost("slow", 9_000_000, 40.0),
        Cost("quick", 3_000_000, 5.0),
        Cost("mid", 8_000_000, 9),
    ]
    shares = {"slow": (0.8, 0.7, 0.9), "quick": (0.5, 0.4, 0.6), "mid": (0.7, 0.6, 0.75)}
    reports = [
        Report(name, "real audio", "test", 10, (_top1(*figures),), (), np.zeros((0, 0), np.int64))
        for name, figures in shares.items()
    ]
    told = "\n".join(advise(costs, reports))
    assert "Most often right on real audio: `slow`, 80.0 % (70.0–90.0)." in told
    assert "every other one but `quick`." in told
    assert "Quickest: `quick` (50.0 % right, 5.0 ms, 3.0 MB)." in told
    assert "Quickest of those that are not told from the best: `mid`" in told


def test_what_cards_say_of_trust_and_of_music() -> None:
    told = find("mobilenetv3_mel").card
    header, rows = trust([told, onnx_models.card("bare")])
    assert (len(header), len(rows)) == (11, 1)
    last = told.bands[-1]
    assert (header[-1], rows[0][-1]) == ("90–100 %", f"{last.right} of {last.songs}")
    (row,) = gauges([told, onnx_models.card("bare")])
    own = [s for s in told.scores if s.dataset == "real audio and ambient" and not s.note]
    scores = {score.metric: score.value for score in own}
    assert row[:2] == (told.name, f"{scores['auroc']:.3f}")
    assert row[3].startswith(f"{100 * scores['music_kept']:.1f} (")


def test_a_page_says_the_command_that_wrote_it(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *names, "--page", "zoo.md", "--data", "."])
    assert ended.value.code == 0
    text = (tmp_path / "zoo.md").read_text(encoding="utf-8")
    assert "Written by `genrescope evaluate one two --data . --page zoo.md`." in text
    assert "one + two" not in text


def test_one_test_set_can_be_measured_alone(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {one.dataset: one for one in examine("one", tmp_path).reports()}
    (alone,) = examine("one", tmp_path, on=["gtzan"]).reports()
    assert (alone.dataset, alone.n) == ("gtzan", whole["gtzan"].n)
    assert alone.scores == whole["gtzan"].scores
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "one", "--on", "real", "--page", "real.md", "--data", "."])
    assert ended.value.code == 0
    text = (tmp_path / "real.md").read_text(encoding="utf-8")
    assert "--on real" in text
    assert "## Real audio, test" in text
    assert "GTZAN" not in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--on", "Gtzan"), "no test set 'Gtzan'; there are: real, gtzan, ece324"),
        (("--on", "gtzan", "--maps", "4"), "--maps looks at real audio"),
        (("--on", "real", "--audio", "."), "does not go with --audio"),
    ],
)
def test_a_wrong_test_set_is_said(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "mobilenetv3_mel", *options])
    assert ended.value.code == 2
    assert says in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_the_sets_that_are_asked_for_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def load(names: list[str], *_: object) -> tuple[Excerpts, ...]:
        asked.append(names)
        return ()

    monkeypatch.setattr(loading, "load_collections", load)
    loading.load_judges("mel", tmp_path, on=["ece324", "real"])
    loading.load_judges("mel", tmp_path)
    assert asked[0] == ["audio_pairs", "audio_pairs_rock", "ece324"]
    assert asked[1] == ["audio_pairs", "audio_pairs_rock", "gtzan", "ece324"]
    with pytest.raises(TrainingError, match="no test set 'all'; there are: real"):
        loading.load_judges("mel", tmp_path, on=["all"])


def test_what_was_withheld_is_said_once_and_not_beside_json(
    names: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, times in (((), 1), (("--json",), 0)):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", *names, "--data", str(tmp_path), *options])
        assert ended.value.code == 0
        shown = capsys.readouterr()
        assert shown.err.count("1 recording was withheld from train") == times
        assert "withheld" not in shown.out


def test_the_page_shows_what_heat_maps_are_worth(names: list[str], tmp_path: Path) -> None:
    reports = examine(names[0], tmp_path).reports()
    trials = (
        Trial("one", "cam", 6, 0.125, 0.1, 0.3, 0.025, -0.045, 0.046),
        Trial("one", "occlusion", 6, 0.463, 0.161, 0.3, 0.302, 0.258, 0.343),
    )
    page = tmp_path / "zoo.md"
    write_page(page, names[:1], reports, COMMAND, tried=[Tried("one", trials, 0.231)])
    text = page.read_text(encoding="utf-8")
    assert f"Written by `{COMMAND}`." in text
    part = text[text.index("## Heat maps") : text.index("## What others report")]
    assert "| one | cam | 12.5 | 10.0 | 30.0 | +2.5 (-4.5 to +4.6) | 0.23 |" in part
    assert "| one | occlusion | 46.3 |" in part


def test_the_page_shows_what_a_collection_left_out_costs(names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "brief.onnx"
    taught = (TrainingSource("gtzan", "none stated", "train split", 9),)
    save_model(
        onnx_models.graph(5, len(GENRES)),
        onnx_models.card("brief", labels=GENRES, training=taught),
        path,
    )
    heard = [examine(name, tmp_path) for name in names]
    reports = [report for one in heard for report in one.reports()]
    without = examine(str(path), tmp_path).reports()
    page = tmp_path / "zoo.md"
    write_page(page, names, reports, COMMAND, [str(path)], without)
    text = page.read_text(encoding="utf-8")
    assert f"measured by adding `--left-out {path}`" in text
    part = text[text.index("## Without a collection") : text.index("## What others report")]
    assert "| taught by | Real audio, test | GTZAN, test |" in part
    top1, top3 = (100 * without[0].score(metric).value for metric in ("top1", "top3"))
    assert f"| gtzan | {top1:.1f} (" in part
    assert f") / {top3:.1f} |" in part
    write_page(page, names[:1], reports, COMMAND)
    again = page.read_text(encoding="utf-8")
    assert part in again  # what took hours to train is not lost to a page written without it
    assert again.count("## Without a collection") == 1
