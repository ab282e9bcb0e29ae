"""Measurements: that they measure in turn, and give what they promise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genrescope.apps.bench import (
    explaining,
    field,
    line,
    networks,
    scale,
    scanning,
    spectrograms,
    starting,
    together,
    training,
)
from genrescope.apps.bench.timing import MOST_CALLS, alone, pair
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.collection.scanning import Terms, plan, scan, seats_of
from genrescope.collection.stores import open_store
from genrescope.collection.values import Analysis, Seat
from genrescope.types import CollectionError, GenrescopeError, TrainingError


def test_in_turn() -> None:
    order: list[str] = []
    row = pair("x", lambda: order.append("a"), "other", lambda: order.append("b"), 3)
    calls = "".join(order).removeprefix("ab")
    turns = [len(turn) for turn in re.findall("a+|b+", calls)]
    assert len(turns) == 6
    assert all(2 <= turn <= MOST_CALLS + 1 for turn in turns)  # one that does not count, and more
    assert row.low <= row.ratio <= row.high
    order.clear()
    pair("x", lambda: order.append("a"), "other", lambda: order.append("b"), 3, warm=False)
    assert "".join(order) == "ababab"
    assert alone("y", lambda: order.append("c"), 2).theirs == ""
    assert order.count("c") >= 4


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of librosa
def test_every_measurement(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    source = samples / "country_short_1s5.mp3"
    models = load_models(["mobilenetv3_mel"])
    rows = [
        *spectrograms.measure(source, repeats=1, cold=False),
        *networks.measure(models, repeats=1),
        *line.measure(source, models, repeats=1),
    ]
    assert len(rows) >= 7
    assert all(row.ours_ms > 0 for row in rows)


def test_figures_of_a_scan(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Path] = []
    monkeypatch.setattr(field, "way_of", lambda *_: (heard.append, "not quite the same"))
    models = load_models(["mobilenetv3_mel"])
    sizes = scanning.Sizes(files=2, minutes=0.3, rows=30, short=10)
    source = samples / "disco_con_tutti.mp3"
    loop, other, unchanged, memory = scanning.measure(source, models, sizes)
    assert loop.name == other.name == "scan of 2 songs of 0.3 min"
    assert (loop.theirs, loop.note) == (scanning.LOOP, "")
    assert (other.theirs, other.note) == (field.LABEL, "not quite the same")
    assert other.ours_ms == loop.ours_ms
    assert [path.name for path in heard] == ["00000.mp3", "00000.mp3", "00001.mp3"]
    assert loop.ratio == pytest.approx(loop.theirs_ms / loop.ours_ms)
    assert unchanged.name == "scan of 30 unchanged files"
    assert (memory.unit, memory.theirs) == ("MB", "after 1")
    assert 50 < memory.theirs_ms < 4000
    assert scanning.measure(source, models, scanning.Sizes(files=0)) == []
    with pytest.raises(CollectionError, match="needs an mp3"):
        scanning.measure(samples / "jazz_vibe_ace.flac", models, sizes)


def test_explaining_beside_classifying(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    monkeypatch.setattr(explaining, "SONG_SECONDS", 30.0)
    models = load_models(["mobilenetv3_mel"])
    rows = explaining.measure(samples / "country_short_1s5.mp3", models, repeats=1)
    assert [row.theirs for row in rows] == ["classification alone", "its windows in one batch"]
    assert all(row.ratio > 0 and "at most" in row.note for row in rows)


def test_all_networks_beside_the_sum_of_each(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    models = load_models(["mobilenetv3_mel", "mobilenetv3_cqt"])
    (row,) = together.measure(samples / "country_short_1s5.mp3", models, repeats=1)
    assert row.name == "one window through all 2 networks"
    assert row.theirs == "the sum of each alone"
    assert row.low <= row.ratio <= row.high
    assert f"{100 / row.ratio - 100:+.0f}% (" in row.note
    assert "at least 0.89" in row.note
    with pytest.raises(GenrescopeError, match="one network only"):
        together.measure(samples / "country_short_1s5.mp3", models[:1], repeats=1)


def test_a_server_is_timed_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("httpx", "gradio"):
        pytest.importorskip(name)
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    ready, page = starting.measure(["mobilenetv3_mel"], 1)
    assert (ready.unit, ready.theirs) == ("s", "")
    assert 0.2 < ready.ours_ms < 60
    assert (page.unit, page.theirs) == ("s", "the same again")
    assert 0 < page.ours_ms < 60


def test_what_a_million_songs_cost(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    models = load_models(["mobilenetv3_mel"])
    costs = scale.measure(samples / "country_short_1s5.mp3", models, repeats=1, rows=200)
    assert min(costs.read, costs.decode, costs.network, costs.keep, costs.look_again) > 0
    assert costs.row_bytes > 4 * len(models[0].card.labels) + 32 + 50  # what a row must hold
    page = scale.page(costs, "genrescope bench --scale FILE", "a machine")
    days = 1e6 * costs.work / 16 / 86400
    assert f"| days on 16 processors | {days:,.1f} | {100 * days:,.1f} |" in page


def test_the_row_that_is_counted_is_the_row_of_a_scan(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    source, models = samples / "country_short_1s5.mp3", load_models(["mobilenetv3_mel"])
    counted: list[Sequence[Analysis]] = []
    plain = scale._store

    def note(seats: Sequence[Seat], analyses: Sequence[Analysis], rows: int) -> Any:
        counted.append(analyses)
        return plain(seats, analyses, rows)

    monkeypatch.setattr(scale, "_store", note)
    costs = scale.measure(source, models, repeats=1, rows=200)
    ((analysis,),) = counted
    classifier, terms = Classifier(models), Terms()
    with open_store(tmp_path / "store.sqlite") as store:
        agenda = plan([str(source)], store, seats_of(classifier, terms))
        assert [one.kind for one in scan(classifier, store, agenda, terms)] == ["analysed"]
        (kept,) = store.embeddings(analysis.seat).directions
        (answers,) = store.answers([analysis.seat])
    assert analysis.embedding is not None
    direction = analysis.embedding / np.linalg.norm(analysis.embedding)
    assert np.abs(direction - kept).max() < 2e-3
    assert np.abs(analysis.probabilities - answers.probabilities[0]).max() < 1e-4
    assert " ".join(analysis.notices) == answers.notices[0]
    assert costs.row_bytes > 2 * kept.size + 4 * len(models[0].card.labels)


def test_own_music_is_made_up_and_a_failure_is_told(tmp_path: Path) -> None:
    training.write_library(tmp_path, 8, 0.5)
    songs = sorted(tmp_path.rglob("*.mp3"))
    assert {song.parts[-3] for song in songs} == set(training.SCALES)
    assert len({song.read_bytes() for song in songs}) == 8
    once, again = (training.improvise("blue", 5, 1.0) for _ in range(2))
    assert np.array_equal(once, again)
    assert 0.05 < once.std() < 0.5
    assert np.abs(once).max() <= 1
    pytest.importorskip("torchvision")
    with pytest.raises(TrainingError, match="it was not trained: genrescope: too few songs"):
        training.measure(4, 0.02)
