"""The page on speed: every part is measured or says why not, and what is lost is said."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from genrescope.apps.bench import (
    field,
    footprint,
    growth,
    installing,
    load,
    machine,
    page,
    scanning,
    songs,
    suite,
)
from genrescope.apps.bench import whole as processes
from genrescope.apps.bench.page import Figures, read_figures
from genrescope.apps.bench.parts import PARTS, Material
from genrescope.apps.bench.suite import Measured
from genrescope.apps.bench.timing import Row, pair_of
from genrescope.apps.cli import bench_all
from genrescope.apps.cli.main import app
from genrescope.classification.looking import Model, load_models
from genrescope.models import card_to_json
from genrescope.types import GenrescopeError

MACHINE = {"processor": "a processor", "torch": "–"}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> tuple[Model, ...]:
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    return tuple(load_models(["mobilenetv3_mel"]))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No librosa and no PyTorch: what is shown beside them is not what is tested."""
    monkeypatch.setattr(field, "NEEDED", ("no_such_library",))


def figures(**parts: Measured) -> Figures:
    return Figures(MACHINE, "genrescope bench --all", "2026-01-01", 0.0, dict(parts))


def row(name: str, ours: list[float], theirs: list[float], unit: str = "ms") -> Row:
    return pair_of(name, ours, "the other", theirs, unit)


def test_songs_have_the_length_asked_for(tmp_path: Path, samples: Path) -> None:
    for source in (None, samples / "electronic_its_simple_8k_mono.wav"):
        song = songs.lengthen(source, tmp_path / "song.wav", 31.5)
        info = soundfile.info(song)
        assert (info.channels, info.duration) == (2, pytest.approx(31.5, abs=1e-3))
    made = songs.compose(8.0)
    assert np.array_equal(made, songs.compose(8.0))
    assert 0.1 < float(np.abs(made).max()) <= 1.0
    assert not np.array_equal(made[:, 0], made[:, 1])


def test_losses_are_said_and_what_is_ours_alone_is_not_one() -> None:
    lost, won = row("slow", [2.0, 2.0], [1.0, 1.0]), row("fast", [1.0], [3.0])
    told = figures(
        networks=Measured([lost, won, row("hard to say", [1.0, 1.0, 1.0], [2.0, 0.9, 2.0])]),
        size=Measured([row("base", [30.0], [10.0], "MB")]),
        number=Measured([row("scan of 1 songs", [9.0], [1.0])]),
    ).lines("benchmarks.json")
    text = "\n".join(told)
    assert "Of 4 comparisons with others' software 2 are lost" in text
    assert "- Networks: slow takes 2.00 × the time of the other." in told
    assert "- Size: base takes 3.00 × the memory or size of the other." in told
    assert "lost in at least one pair: hard to say beside the other." in text
    assert "Growing with number: scan" not in text
    assert "Not installed, and so not measured beside: torch." in told
    assert "Not measured yet: `genrescope bench --all --part serve`" in text
    nothing = "\n".join(figures(networks=Measured([won])).lines("x.json"))
    assert "1 comparisons with others' software 0 are lost (its / ours below 1)." in nothing


def test_figures_are_kept_and_gone_on_with(tmp_path: Path) -> None:
    place = tmp_path / "page.md"
    kept = figures(song=Measured([row("a", [1.0], [2.0])], "a remark.", seconds=1.5))
    kept.write(place)
    assert read_figures(place) == kept
    assert "a remark." in place.read_text(encoding="utf-8")
    for spoilt in ("{", "[]", '{"format": 9}', '{"format": 1, "parts": {"a": {"rows": [1]}}}'):
        page.beside(place).write_text(spoilt, encoding="utf-8")
        with pytest.raises(GenrescopeError, match=r"page\.json: no figures to go on with"):
            read_figures(place)


def test_a_part_that_cannot_be_measured_stops_no_other(
    models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> tuple[list[Row], str]:
        raise GenrescopeError("it needs a thing")

    parts = (replace(PARTS[0], measure=fail), replace(PARTS[-1], measure=lambda _: ([], "said")))
    monkeypatch.setattr(suite, "PARTS", parts)
    (_, first), (_, second) = suite.measure(None, models, [], 1)
    assert (first.missing, second.missing, second.remark) == ("it needs a thing", "", "said")
    with pytest.raises(GenrescopeError, match="no such part: nothing; there are spectrograms"):
        list(suite.measure(None, models, ["nothing"], 1))


def test_the_command_writes_after_every_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: tuple[Model, ...]
) -> None:
    seen: list[str] = []
    place = tmp_path / "benchmarks.md"

    def note(on: Material) -> tuple[list[Row], str]:
        assert soundfile.info(on.song).duration == pytest.approx(30, abs=0.2)
        seen.append(place.read_text(encoding="utf-8") if place.exists() else "")
        return [row("a step", [1.0], [2.0])], ""

    parts = tuple(replace(part, measure=note) for part in PARTS[:2])
    for module in (suite, page, bench_all):
        monkeypatch.setattr(module, "PARTS", parts)
    asked = ["bench", "--all", "--model", "mobilenetv3_mel", "--page", str(place)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "[2/2] networks in" in done.output
    assert seen[0] == ""
    assert "a step" in seen[1]
    assert "--part networks" in seen[1]
    assert "Not measured yet" not in place.read_text(encoding="utf-8")
    assert set(json.loads((tmp_path / "benchmarks.json").read_text())["parts"]) == {
        part.name for part in parts
    }
    again = CliRunner().invoke(app, [*asked, "--part", "networks"])
    assert "[1/1] networks in" in again.output
    monkeypatch.setattr(machine, "PACKAGES", ())
    other = CliRunner().invoke(app, [*asked, "--part", "networks"])
    assert "another machine" in str(other.exception)


@pytest.mark.parametrize("asked", [(), ("--part", "song", "x")])
def test_what_does_not_go_together(asked: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["bench", *asked]).exit_code == 2


def test_a_page_goes_where_a_folder_is(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["bench", "--all", "--page", str(tmp_path / "none" / "b.md")])
    assert "--page says where" in str(told.exception)


def test_growth_by_length_and_number(
    alone: None, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "LENGTHS", (5.0, 20.0))
    monkeypatch.setattr(growth, "COUNTS", (1, 2))
    monkeypatch.setattr(growth, "SONG_SECONDS", 5.0)
    longer = growth.by_length(None, models[0], 1)
    assert [one.name for one in longer] == ["5 s", "20 s"]
    assert all(one.theirs == "" and "a minute of sound" in one.note for one in longer)
    more = growth.by_number(None, models[0], 1)
    assert [one.name for one in more] == ["scan of 1 songs", "scan of 2 songs"]
    assert "a song, beside" in more[0].note
    (two,) = growth.by_model(None, models, 1, 2, 3.0)
    assert two.name == "2 × 3 s, mobilenetv3_mel"
    assert two.ours_ms > 0
    said = growth.grown([row("a", [1.0], [2.0]), row("b", [4.0], [6.0])], "length", 4)
    assert said == "4 × the length costs 4.0 × the time (the other: 3.0 ×)."
    assert growth.grown(more[:1], "number", 2) == ""


def test_a_process_is_timed_and_its_memory_told(
    alone: None, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LENGTHS", ((5.0, 1),))
    rows = processes.measure(None, models[0])
    assert rows[0].ours_ms > 10
    if len(rows) == 2:
        assert rows[1].unit == "MB"
        assert 50 < rows[1].ours_ms < 4000
    with pytest.raises(GenrescopeError, match=r"that was timed failed: .*nothing here"):
        processes.run([sys.executable, "-c", "raise SystemExit('nothing here')"], {})


def test_the_machine_is_described() -> None:
    told = machine.describe()
    assert told["numpy"] == np.__version__
    assert all(told.values())
    assert "usable of" in told["processors"]


def test_an_installation_is_weighed() -> None:
    base, *web = footprint.measure()
    assert base.unit == "MB"
    assert 50 < base.ours_ms < 5000
    assert all(one.ours_ms > base.ours_ms for one in web)


def test_copies_differ_and_sound_the_same(tmp_path: Path, samples: Path) -> None:
    made = scanning.copies(samples / "country_short_1s5.mp3", tmp_path / "a" / "b", 3)
    assert len({path.read_bytes() for path in made}) == 3
    sounds = [soundfile.read(path)[0] for path in made]
    assert all(np.array_equal(sounds[0], one) for one in sounds)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of librosa
def test_the_field_runs_the_same_network(
    samples: Path, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in field.NEEDED:
        pytest.importorskip(name)
    from genrescope.classification.classifier import Classifier

    both = (*models, *load_models(["mobilenetv3_cqt"]))
    way, note = field.way_of(*both)
    assert way is not None
    assert note == ""
    song = samples / "jazz_vibe_ace.flac"
    for model, theirs in zip(both, way(song), strict=True):
        ours = Classifier([model]).classify(song).probabilities  # type: ignore[union-attr]
        assert int(np.argmax(theirs.mean(axis=0))) == int(np.argmax(ours))


def test_the_field_starts_in_a_process_of_its_own(
    samples: Path, tmp_path: Path, models: tuple[Model, ...]
) -> None:
    if not field.is_installed():
        pytest.skip("librosa or PyTorch is not installed")
    card = tmp_path / "card.json"
    card.write_text(card_to_json(models[0].card), encoding="utf-8")
    with processes.warm_modules() as env:
        kept = {**env, "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", "")}
        song = samples / "country_short_1s5.mp3"
        assert processes.run(field.first_song(song, card), kept).ms > 100


def test_nnaudio_draws_a_constant_q_where_it_is_installed() -> None:
    from genrescope import spectrogram
    from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, Waveform

    assert field.nnaudio_way(GENRESCOPE_MEL) is None
    pytest.importorskip("nnAudio")
    way = field.nnaudio_way(GENRESCOPE_CQT)
    assert way is not None
    tone = np.sin(2 * np.pi * 440 * np.arange(5 * 22050) / 22050).astype(np.float32)
    theirs, ours = way(tone), spectrogram.draw(Waveform(tone, 22050), GENRESCOPE_CQT).values
    assert theirs.shape == ours.shape
    assert np.array_equal(theirs.argmax(axis=0)[5:-5], ours.argmax(axis=0)[5:-5])


def test_torchaudio_draws_a_mel_where_it_is_installed() -> None:
    from genrescope import spectrogram
    from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, Waveform

    assert field.torchaudio_way(GENRESCOPE_CQT) is None
    way = field.torchaudio_way(GENRESCOPE_MEL)
    if way is None:
        pytest.skip("no torchaudio that fits this PyTorch")
    sound = 0.1 * np.random.default_rng(0).standard_normal(5 * 22050).astype(np.float32)
    ours = spectrogram.draw(Waveform(sound, 22050), GENRESCOPE_MEL).values
    assert np.abs(way(sound) - ours)[:, 2:-2].max() < 0.05


def test_installing_is_measured_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, models: tuple[Model, ...]
) -> None:
    fetched: list[tuple[str, ...]] = []
    monkeypatch.setattr(installing, "install", lambda wanted: fetched.append(tuple(wanted)))
    parts = tuple(one for one in PARTS if one.name in ("size", "install"))
    monkeypatch.setattr(suite, "PARTS", parts)
    assert [part.name for part, _ in suite.measure(None, models, [], 1)] == ["size"]
    [(part, measured)] = suite.measure(None, models, ["install"], 1)
    assert part.named
    [row] = measured.rows
    assert (row.unit, row.theirs) == ("s", "librosa, torch, torchvision")
    assert any(one.startswith("openvino") for one in fetched[0])
    assert not any("torch" in one or "extra" in one for one in fetched[0])
    assert fetched[1] == field.NEEDED


def test_an_installer_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter((["true"], ["sh", "-c", "echo first >&2; echo no such thing >&2; exit 3"]))
    monkeypatch.setattr(installing, "_making", lambda place: next(asked))
    monkeypatch.setattr(installing, "_installing", lambda place: next(asked))
    with pytest.raises(GenrescopeError, match="could not be installed: no such thing"):
        installing.install(["x"])


def test_what_ends_late_is_counted_with_the_time_it_took() -> None:
    count, took = load._loop(lambda: time.sleep(0.2), 2, 0.3)
    assert (count, took >= 0.4) == (4, True)
