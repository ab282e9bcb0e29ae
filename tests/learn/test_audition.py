"""Models are measured on labelled sound files by the whole line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.apps.cli.main import main
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.learn.audition import _known, audition
from genrescope.learn.own.find import Question
from genrescope.learn.own.song import Song
from genrescope.learn.report_page import write_reports
from genrescope.types import Comparison, Prediction, TrainingError

MODELS = ("mobilenetv3_mel", "mobilenetv3_cqt")
CLIPS = {
    "jazz_vibe_ace.flac": "jazz",
    "disco_con_tutti.mp3": "DISCO",
    "blues_black_bass.ogg": "Polka",
}


@pytest.fixture
def music(samples: Path, tmp_path: Path) -> Path:
    """Three clips in folders (one of a genre that nobody knows), a broken one, and a silent one."""
    folder = tmp_path / "music"
    for name, genre in CLIPS.items():
        source = next(samples.glob(f"{Path(name).stem}.*"))
        (folder / genre).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / genre / source.name)
    (folder / "jazz" / "broken.mp3").write_bytes(b"%PDF-1.7 no sound at all")
    soundfile.write(folder / "jazz" / "silence.wav", np.zeros(22050), 22050)
    return folder


def test_every_file_goes_down_the_line(music: Path, tmp_path: Path) -> None:
    models = load_models(MODELS)
    told: list[tuple[int, int, str]] = []
    found = audition(models, Question(music), lambda *what: told.append(what))
    assert [report.model for report in found.reports] == [*MODELS, " + ".join(MODELS)]
    assert {Path(one.name).stem for one in found.passed} == {
        "broken",
        "silence",
        "blues_black_bass",
    }
    assert len(told) == 4
    for place, report in enumerate(found.reports[:2]):
        said = [
            Classifier([models[place]]).classify(path)
            for path in sorted(music.rglob("*"))
            if path.stem in ("jazz_vibe_ace", "disco_con_tutti")
        ]
        firsts = [one.top(1)[0][0] for one in said if isinstance(one, Prediction)]
        right = [first == true for first, true in zip(firsts, ("Disco", "Jazz"), strict=True)]
        assert report.n == 2
        assert report.score("top1").value == np.mean(right)
        assert report.confusion.sum() == 2
    both = [Classifier(models).classify(next(music.rglob(name))) for name in ("disco*", "jazz_v*")]
    losses = [
        -np.log(one.mean[one.labels.index(true)])
        for one, true in zip(both, ("Disco", "Jazz"), strict=True)
        if isinstance(one, Comparison)
    ]
    assert found.reports[2].score("nll").value == pytest.approx(np.mean(losses), rel=1e-4)
    sure = [s.value for s in (found.reports[0].score("ece"), found.reports[0].score("ece_before"))]
    assert models[0].card.temperature != 1
    assert sure[0] != sure[1]
    page = tmp_path / "report.html"
    write_reports(page, found.reports, found.passed)
    text = page.read_text(encoding="utf-8")
    assert "Not judged" in text
    assert "Before temperature" in text
    assert "silence.wav" in text
    assert "Reliability diagram" in text
    assert "http" not in text.replace("http-equiv", "")


def test_labels_that_nobody_knows_are_said(music: Path) -> None:
    for genre in ("jazz", "DISCO"):
        shutil.rmtree(music / genre)
    with pytest.raises(TrainingError, match=r"they know Blues, .*; the files' labels are Polka"):
        audition(load_models(MODELS[:1]), Question(music))


def test_labels_that_punctuation_tells_apart_stay_apart(tmp_path: Path) -> None:
    labels = ("Hip Hop", "Hip-Hop", "Jazz")
    songs = [Song(tmp_path, str(i), label) for i, label in enumerate((*labels, "JAZZ", "hiphop"))]
    known, passed = _known(songs, labels)
    assert [song.label for song in known] == ["Hip Hop", "Hip-Hop", "Jazz", "Jazz"]
    assert [one.name for one in passed] == ["4"]


def test_a_folder_of_noise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Jazz").mkdir()
    (tmp_path / "Jazz" / "a.mp3").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="none of 1 files could be heard"):
        audition(load_models(MODELS[:1]), Question(tmp_path))


def test_from_the_command_line(
    music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", MODELS[0], "--audio", str(music), "--html", str(page), "--json"])
    assert ended.value.code == 1  # a file could not be heard
    shown = capsys.readouterr()
    [report] = json.loads(shown.out)
    assert report["songs"] == 2
    assert {row["genre"] for row in report["per_genre"]} == {"Jazz", "Disco"}
    assert "silence.wav" in shown.err
    assert page.is_file()


def test_the_page_on_own_music_holds_what_was_measured_on_it_and_nothing_else(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (music / "jazz" / "silence.wav").rename(music / "jazz" / "a|b.wav")
    with pytest.raises(SystemExit):
        main(["evaluate", *MODELS, "--audio", "music", "--page", "own page.md"])
    text = (tmp_path / "own page.md").read_text(encoding="utf-8")
    command = f"genrescope evaluate {' '.join(MODELS)} --page 'own page.md' --audio music"
    assert text.startswith("# music: 2 songs\n")
    assert f"Written by `{command}`." in text
    for model in (*MODELS, " + ".join(MODELS)):
        assert f"## {model}\n" in text
        assert f"| {model} | " in text
    assert text.count("\n### Genre by genre\n") == len(MODELS) + 1
    assert "### What it takes for what" in text
    assert "| jazz/a\\|b.wav | " in text
    assert "| ECE | ECE before | ECE by chance |" in text
    assert "GTZAN" not in text
    assert "--together" not in text


@pytest.mark.parametrize("option", [("--maps", "9"), ("--left-out", "one")])
def test_what_is_of_the_collections_does_not_go_with_own_music(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", MODELS[0], "--audio", str(tmp_path), *option])
    assert ended.value.code == 2
    assert "does not go with" in capsys.readouterr().err
