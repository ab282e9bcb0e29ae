"""The command line, on real music and on what is no music."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import genrescope
from genrescope.apps.cli import show
from genrescope.apps.cli.main import app, main
from genrescope.apps.cli.sources import find_sources
from genrescope.classification import taxonomies
from genrescope.models import own_models, save_model
from genrescope.types import MusicGauge
from tests import onnx_models

LABELS = taxonomies.load("genres16").labels


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model folders but the package's own, and a wide terminal without colours."""
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("genrescope.models.places.installed_folder", lambda: tmp_path / "none")
    show.out.cache_clear()
    show.err.cache_clear()


def run(*arguments: str, data: bytes | None = None) -> tuple[int, str, str]:
    """Run the command as its own process would: exit code, standard output and error."""
    show.out.cache_clear()
    show.err.cache_clear()
    result = CliRunner().invoke(app, list(arguments), input=data, catch_exceptions=True)
    known = result.exception is None or isinstance(result.exception, SystemExit)
    message = "" if known else str(result.exception)
    return result.exit_code, result.stdout, result.stderr + message


def test_classify_as_json(samples: Path) -> None:
    code, out, _ = run("classify", "--json", "--timeline", str(samples / "jazz_vibe_ace.flac"))
    assert code == 0
    result = json.loads(out)
    assert result["model"] == "mobilenetv3_mel"
    assert tuple(result["probabilities"]) == LABELS
    assert sum(result["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert result["genre"] == max(result["probabilities"], key=result["probabilities"].get)
    assert len(result["timeline"]) == result["windows"] == 1


def test_classify_for_people(samples: Path) -> None:
    code, out, _ = run("classify", "--top", "3", str(samples / "country_short_1s5.mp3"))
    assert code == 0
    assert "repeated to fill a 10 s window" in out
    assert out.count(" %\n") == 3


def test_several_models_side_by_side(samples: Path) -> None:
    code, out, _ = run("classify", "--model", "all", str(samples / "metal_armygeddon.mp3"))
    assert code == 0
    assert f"mean of {len(own_models())} models" in out
    assert "divergence" in out


@pytest.mark.skipif(sys.platform == "win32", reason="names there have no such characters")
def test_programs_are_told_the_name_itself(samples: Path, tmp_path: Path) -> None:
    """People see `two\\nlines`; a program must find the file again, stray bytes and all."""
    stray = os.fsdecode(b"caf\xe9.mp3")
    paths = [str(tmp_path / name) for name in ("two\nlines.mp3", stray)]
    for path in paths:
        Path(path).write_bytes((samples / "country_short_1s5.mp3").read_bytes())
    code, out, _ = run("classify", "--json", *paths)
    assert code == 0
    assert [json.loads(line)["source"] for line in out.splitlines()] == paths
    command = [sys.executable, "-m", "genrescope", "classify", "--csv", *paths]
    table = subprocess.run(command, capture_output=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(table.decode(errors="surrogateescape"), newline="")))
    assert [row["source"] for row in rows] == paths


def test_sound_under_the_name_of_a_text_is_heard(samples: Path, tmp_path: Path) -> None:
    sound, text = tmp_path / "sound.txt", tmp_path / "text.txt"
    sound.write_bytes((samples / "country_short_1s5.mp3").read_bytes())
    text.write_text("no sound")
    found = find_sources([str(sound), str(text), str(tmp_path / "none.txt")])
    assert found.paths == (str(sound), str(tmp_path / "none.txt"))
    assert found.skipped == (str(text),)


def test_a_folder_as_csv_with_one_broken_file(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes((samples / "electronic_its_simple_8k_mono.wav").read_bytes())
    (tmp_path / "b.mp3").write_text("no song\n" * 300, encoding="utf-8")
    (tmp_path / "cover.jpg").write_bytes(b"x")
    code, out, err = run("classify", "--csv", str(tmp_path))
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 2
    assert float(rows[0]["probability"]) == max(float(rows[0][label]) for label in LABELS)
    assert "not a sound file" in rows[1]["error"]
    assert "1 of 2 could not be classified" in err


def test_what_no_window_reached_is_said(samples: Path) -> None:
    song = str(samples / "jazz_vibe_ace.flac")  # 15.0 s: a window, and less than half a one
    _, out, _ = run("classify", song)
    assert "0:15 in 1 window, the last 0:05.0 not looked at" in out
    _, out, _ = run("classify", song, "--windows", "first")
    assert "not looked at" not in out
    _, out, _ = run("classify", song, "--duration", "10")
    assert "not looked at" not in out


def test_csv_keeps_its_columns_when_the_first_file_is_broken(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("no song\n" * 300, encoding="utf-8")
    (tmp_path / "b.wav").write_bytes((samples / "electronic_its_simple_8k_mono.wav").read_bytes())
    _, out, _ = run("classify", "--csv", str(tmp_path))
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[0]["Jazz"] == ""
    assert rows[1]["Jazz"] != ""


@pytest.mark.parametrize("missing", ["genrescope.apps.cli.main", "numpy"])
def test_ctrl_c_while_modules_are_imported(missing: str) -> None:
    """Half a second of imports lies before the first line that is ours."""
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from genrescope.apps.cli.entry import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (130, "genrescope: stopped\n", "")


def test_standard_input(samples: Path) -> None:
    sound = (samples / "blues_black_bass.ogg").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", "from genrescope.apps.cli.main import main; main()",
         "classify", "--json", "-"],
        input=sound, capture_output=True, check=True, env={**os.environ, "GENRESCOPE_MODELS": ""},
    )  # fmt: skip
    assert json.loads(done.stdout)["seconds"] == pytest.approx(25, abs=0.2)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("classify", "--windows", "some", "x.wav"), 2, "windows must be"),
        (("classify", "--json", "--csv", "x.wav"), 2, "--json or --csv"),
        (("classify", "x.wav"), 1, "no such file: x.wav"),
        (("classify", "--model", "mobilnetv3_mel", "x.wav"), 1, "did you mean mobilenetv3_mel"),
        (("spectrogram", "x.wav", "-o", "x.gif"), 2, "-o ends in one of"),
        (("spectrogram", "x.wav", "-o", "/nowhere/x.png"), 1, "no such folder"),
        (("models", "show", "none"), 1, "no model 'none'"),
        (("models", "remove", "mobilenetv3_mel"), 1, "not removed here"),
        (("models", "install", "https://localhost/x.onnx"), 1, "needs --sha256"),
    ],
)
def test_wrong_use_is_said(
    arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show.err.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code
    shown = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert says in shown


def test_a_folder_of_models_that_is_none_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, samples: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    nowhere = (tmp_path / "nowhere", samples / "jazz_vibe_ace.flac", Path("x" * 5000))
    monkeypatch.setenv("GENRESCOPE_MODELS", os.pathsep.join(map(str, (there, *nowhere))))
    code, _, err = run("models", "list")
    assert code == 0
    said = "".join(err.split())
    assert said.count("whichisnofolder:passedover") == 3
    assert f"names{nowhere[0]}," in said
    assert f"names{there}," not in said


def test_installing_what_another_file_is_called_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("genrescope.models.places.installed_folder", lambda: tmp_path / "mine")
    one = onnx_models.write(tmp_path, "one")
    code, _, err = run("models", "install", str(one.path))
    assert (code, err) == (0, "")
    built_in, first = tmp_path / "built in", tmp_path / "first"
    for folder in (built_in, first):
        folder.mkdir()
        (folder / "one.onnx").write_bytes(one.path.read_bytes())
    monkeypatch.setattr("genrescope.models.places.built_in_folder", lambda: built_in)
    code, _, err = run("models", "install", str(one.path))
    said = " ".join(err.split())
    assert code == 0
    assert "stands before the one of that name that is built in" in said
    assert "models remove one" in said
    monkeypatch.setenv("GENRESCOPE_MODELS", str(first))
    code, _, err = run("models", "install", str(one.path))
    assert "comes first: that one answers" in " ".join(err.split())


def test_spectrogram_in_every_form(samples: Path, tmp_path: Path) -> None:
    sound = str(samples / "jazz_vibe_ace.flac")
    for kind, bands in (("mel", 128), ("cqt", 84)):
        path = tmp_path / f"{kind}.npy"
        assert run("spectrogram", sound, "-o", str(path), "--kind", kind)[0] == 0
        values = np.load(path)
        assert values.shape[0] == bands
        assert values.max() == 0
    assert run("spectrogram", sound, "-o", str(tmp_path / "x.png"), "--kind", "cqt")[0] == 0
    with Image.open(tmp_path / "x.png") as drawn:
        assert drawn.size[0] > 1000
    code, _, err = run("spectrogram", sound, "-o", str(tmp_path / "x.csv"), "--duration", "1")
    assert (code, "wrote" in err) == (0, True)
    rows = (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 129


def test_the_picture_is_what_the_network_sees(samples: Path, tmp_path: Path) -> None:
    sound = str(samples / "jazz_vibe_ace.flac")
    for form in ("npy", "png", "csv"):
        path = tmp_path / f"seen.{form}"
        assert run("spectrogram", sound, "-o", str(path), "--picture")[0] == 0
    tensor = np.load(tmp_path / "seen.npy")
    assert tensor.shape == (1, 128, 128)
    with Image.open(tmp_path / "seen.png") as seen:
        assert seen.size == (128, 128)


def test_models_and_cards() -> None:
    code, out, _ = run("models", "list", "--json")
    assert code == 0
    listed = {entry["name"]: entry for entry in json.loads(out)}
    assert listed["mobilenetv3_cqt"]["kind"] == "cqt"
    code, out, _ = run("models", "show", "mobilenetv3_mel")
    assert "learned from" in out
    assert "real audio test" in out
    assert run("models", "verify")[0] == 0
    card = json.loads(run("models", "show", "mobilenetv3_mel", "--json")[1])
    assert tuple(card["labels"]) == LABELS


def test_a_model_of_others_is_marked(samples: Path) -> None:
    sound = str(samples / "country_short_1s5.mp3")
    code, out, _ = run("classify", "--model", "musicnn_msd", sound)
    assert code == 0
    assert "musicnn_msd (pre-trained)" in out
    result = json.loads(run("classify", "--json", "-m", "musicnn_msd", sound)[1])
    assert result["pretrained"] is True
    assert result["music"] is None
    assert "pre-trained by others" in run("models", "list")[1]
    shown = run("models", "show", "musicnn_msd")[1]
    assert "log10(1 + 20000 × power)" in shown
    assert "Million Song Dataset" in shown
    code, _, err = run("evaluate", "musicnn_msd")
    assert code == 1
    assert "by another recipe" in err


def test_what_may_be_no_music_is_said(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, offset in (("sure", 50.0), ("unsure", -50.0)):
        gauge = MusicGauge("texture", (0.0,) * 64, offset)
        card = onnx_models.card(name, music=gauge)
        save_model(onnx_models.graph(), card, tmp_path / f"{name}.onnx")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    sound = str(samples / "country_short_1s5.mp3")
    assert "Not music?" not in run("classify", "-m", "sure", sound)[1]
    assert (
        "Not music? Confidence that this is music at all: 0 %"
        in run("classify", "-m", "unsure", sound)[1]
    )
    rows = list(csv.DictReader(io.StringIO(run("classify", "--csv", "-m", "sure", sound)[1])))
    assert float(rows[0]["music"]) == 1.0
    both = json.loads(run("classify", "--json", "-m", "sure", "-m", "unsure", sound)[1])
    assert both["music"] == 0.5
    assert "by the spectrogram's texture" in run("models", "show", "sure")[1]


def test_doctor() -> None:
    code, out, _ = run("doctor", "--json")
    findings = {entry["what"]: entry for entry in json.loads(out)}
    assert code == 0, out
    assert findings["self-test"]["good"]
    assert "openvino" in findings["engines"]["text"]


def test_every_command_has_help_with_an_example() -> None:
    for name in ("classify", "spectrogram", "models", "doctor", "bench", "train", "evaluate"):
        code, out, _ = run(name, "--help")
        assert code == 0
        assert "xample" in out, name


def test_what_is_named(tmp_path: Path) -> None:
    for name in ("b.mp3", "a.flac", ".hidden.wav", "notes.txt"):
        (tmp_path / name).touch()
    notes = str(tmp_path / "notes.txt")
    found = find_sources([str(tmp_path), notes, "x.md", "-", "-"])
    assert [Path(p).name for p in found.paths] == ["a.flac", "b.mp3", "x.md", "-"]
    assert found.skipped == (notes,)
    assert find_sources([notes]).paths == (notes,)


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genrescope", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert genrescope.__version__ in done.stdout


def test_explain_draws_and_tells(samples: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "why.png"
    song = str(samples / "metal_armygeddon.mp3")
    code, out, err = run("explain", song, "--method", "cam", "-g", "rock", "-o", str(drawn))
    assert (code, f"wrote {drawn}" in err) == (0, True)
    assert "Rock" in out
    assert "most for it" in out
    with Image.open(drawn) as picture:
        assert picture.width > 1000


def test_explain_shows_what_a_change_moves(samples: Path, tmp_path: Path) -> None:
    sound = tmp_path / "without.wav"
    song = str(samples / "country_short_1s5.mp3")
    code, out, _ = run("explain", song, "--mute-band", "60", "250", "--sound", str(sound))
    assert code == 0
    assert "heard without 60 to 250 Hz" in out
    assert all(label in out for label in LABELS)
    assert sound.read_bytes()[:4] == b"RIFF"
    code, out, _ = run("explain", song, "--mute-time", "0.2", "0.8", "--json", "--method", "cam")
    plain = json.loads(out)
    assert code == 0
    assert plain["explanations"][0]["method"] == "cam"
    assert plain["change"]["after"]["notices"][0]["code"] == "gap"
    code, _, err = run("explain", song, "--mute-time", "20", "30")
    assert code == 1
    assert "silenced from 20 to 30 s: there is sound from 0 to 1.5 s only" in err
    code, out, _ = run("explain", song, "--method", "cam")
    assert "s of the window, in which the sound is repeated" in out


def test_clean_up_is_off_unless_asked_for_and_stands_in_the_result(samples: Path) -> None:
    song = str(samples / "country_short_1s5.mp3")
    codes = []
    for asked in ((), ("--clean",), ("--clean-band", "100", "8000")):
        code, out, _ = run("classify", song, "--json", *asked)
        assert code == 0
        codes.append([notice["code"] for notice in json.loads(out)["notices"]])
    cleaning = {"trimmed", "kept-band", "denoised"}
    assert not cleaning & set(codes[0])
    assert codes[1][:3] == ["trimmed", "kept-band", "denoised"]
    assert cleaning & set(codes[2]) == {"kept-band"}
    code, _, err = run("classify", song, "--clean-noise", "1000")
    assert code == 2
    assert "97 dB" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--method", "tea"), 1, "cam, occlusion"),
        (("-o", "x.gif"), 2, "ends in .png or .html"),
        (("--sound", "x.wav"), 2, "--sound needs"),
        (("--mute-band", "9", "3"), 1, "to a greater one"),
        (("-o", "x.png", "--model", "all"), 2, "one picture shows one model"),
        (("--model", "musicnn_msd", "--method", "cam"), 1, "explain it by occlusion"),
    ],
    ids=str,
)
def test_what_explain_refuses(
    samples: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    song = str(samples / "country_short_1s5.mp3")
    got, _, err = run("explain", song, *arguments)
    assert got == code
    assert words in " ".join(err.replace("│", " ").split())


def test_timeline_for_people_and_programs(samples: Path, tmp_path: Path) -> None:
    song = str(samples / "disco_con_tutti.mp3")
    code, out, _ = run("timeline", song)
    assert code == 0
    assert "Disco" in out
    assert "█" in out
    code, out, err = run("timeline", song, "--json", "--every", "4", "-o", str(tmp_path / "t.png"))
    plain = json.loads(out)
    assert code == 0
    assert plain["segments"][0]["start"] == 0
    assert len(plain["steps"]) >= 4
    with Image.open(tmp_path / "t.png") as picture:
        assert picture.width > 1000
    code, _, _ = run("timeline", song, "-o", str(tmp_path / "t.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text(encoding="utf-8"))))
    assert code == 0
    assert tuple(rows[0])[3:] == LABELS
    code, _, err = run("timeline", song, "--every", "0.1")
    assert (code, "every 0.5 to 60 s" in err) == (1, True)


def told_in(report: Path) -> dict[str, Any]:
    """The data that a report draws; it must load nothing."""
    text = report.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="', text)
    assert "fetch(" not in text.partition("const told = ")[2]
    line = text.partition("const told = ")[2].partition(";\n")[0]
    return dict(json.loads(line))


def test_explain_and_timeline_as_reports(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    song = str(samples / "country_short_1s5.mp3")
    both = ("-m", "mobilenetv3_mel", "-m", "mobilenetv3_cqt")
    why, course = tmp_path / "why.html", tmp_path / "course.html"
    wanted = ("--method", "cam", "--mute-band", "60", "250", "-o", str(why))
    code, _, err = run("explain", song, *both, *wanted)
    assert (code, f"wrote {why}" in err) == (0, True)
    told = told_in(why)
    assert [one["kind"] for one in told["reasons"]] == ["mel", "cqt"]
    assert all(one["heat"] for one in told["reasons"])
    said = why.read_text(encoding="utf-8")
    assert "as it is and heard without 60 to 250 Hz" in said
    assert said.count("<tr><td>") + said.count('<tr><th scope="row">') >= 2 * len(LABELS)
    code, _, _ = run("timeline", song, *both, "-o", str(course))
    told = told_in(course)
    assert code == 0
    assert told["course"]["live"] is False
    assert told["course"]["peaks"]
    assert told["course"]["bits"] is not None
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    run("timeline", song, "-o", str(course))
    assert '<html lang="zh' in course.read_text(encoding="utf-8")
    code, _, err = run("timeline", "-", "-o", str(course), data=b"x")
    assert (code, "name a file" in err) == (2, True)


@pytest.mark.parametrize("command", ["spectrogram", "timeline"])
def test_a_place_that_cannot_be_written_is_a_sentence(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    place = tmp_path / "folder.png"
    place.mkdir()
    show.err.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main([command, str(samples / "jazz_vibe_ace.flac"), "-o", str(place)])
    show.err.cache_clear()
    assert ended.value.code == 1
    assert "folder.png: cannot be written (Is a directory)" in capsys.readouterr().err.replace(
        "\n", ""
    )
