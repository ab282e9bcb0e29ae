"""What pages and API share: uploads, turns, watches, the studio."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from genrescope.apps.serving import Progress, Question, Settings, Studio, Uploads, Watch, label
from genrescope.apps.serving.jobs import Jobs
from genrescope.apps.serving.problems import PROBLEMS, problem_of
from genrescope.apps.serving.turns import Turns
from genrescope.apps.serving.uploads import LABEL_LENGTH
from genrescope.classification.looking import load_models
from genrescope.types import (
    AudioError,
    BusyError,
    Comparison,
    DecodeError,
    GenrescopeError,
    ModelNotFoundError,
    Prediction,
    StoppedError,
    TimeLimitError,
    TooLargeError,
)
from genrescope.types import errors as tree
from tests import onnx_models
from tests.apps.conftest import open_below, until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two small models."""
    for name, kind, seed in (("a_mel", "mel", 0), ("c_cqt", "cqt", 2)):
        onnx_models.write(tmp_path, name, kind, seed)
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["", "..", ".", "/", "\\", "../", "\n", "a\u202eb", "x" * 4000])
def test_labels_are_one_plain_short_line(name: str) -> None:
    shown = label(name)
    assert 0 < len(shown) <= LABEL_LENGTH
    assert shown.isprintable()
    assert not {"/", "\x00"} & set(shown)
    assert shown.strip(".")


def test_an_upload_is_private_counted_and_gone(uploads_folder: Path) -> None:
    uploads = Uploads(10, most=1)
    with uploads.open("x") as upload:
        upload.write(b"0123456789")
        assert upload.file.read() == b"0123456789"
        mode = os.fstat(upload.file.fileno()).st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert not list(uploads_folder.iterdir())  # nobody else can open what has no name
        with pytest.raises(BusyError):
            uploads.open("y")
        with pytest.raises(TooLargeError, match="x: larger than"):
            upload.write(b"0")
    assert uploads.count == 0
    assert not open_below(uploads_folder)
    upload.close()
    assert uploads.count == 0


def test_turns_are_bounded_and_patient_work_is_not() -> None:
    turns, go = Turns(1, 1), threading.Event()
    first, second = (turns.take(lambda: go.wait(240)) for _ in range(2))
    with pytest.raises(BusyError, match="ask again in") as busy:
        turns.take(lambda: True)
    assert busy.value.retry_seconds >= 1
    third = turns.take(lambda: True, patient=True)
    until(lambda: (turns.working, turns.waiting) == (1, 2))
    assert second.cancel()
    turns.check()
    go.set()
    assert (first.result(240), third.result(240)) == (True, True)
    until(lambda: turns.working == turns.waiting == 0)
    turns.close()
    with pytest.raises(StoppedError):
        turns.take(lambda: True, patient=True)


def test_watches() -> None:
    watch = Watch(30)
    watch.check()
    watch._began -= 31
    with pytest.raises(TimeLimitError, match="shorter stretch"):
        watch.check()
    watch.begin()
    watch.check()
    watch.stop()
    with pytest.raises(StoppedError):
        watch.check()


def test_a_studio_answers_as_the_line_does(folder: Path, samples: Path) -> None:
    told: list[Progress] = []
    with Studio(["a_mel"]) as studio:
        studio.start()
        until(lambda: studio.ready)
        assert studio.shelf.loaded == ("a_mel",)
        assert studio.unload("a_mel")
        assert studio.ready  # it was started, and loads what it is asked for
        path = samples / "jazz_vibe_ace.flac"
        answer = studio.classify(path, label="my song", tell=told.append)
        assert isinstance(answer.result, Prediction)
        assert (answer.result.source, answer.result.model) == ("my song", "a_mel")
        assert list(answer.network_seconds) == ["a_mel"]
        assert answer.worked_seconds > answer.network_seconds["a_mel"] > 0
        steps = list(dict.fromkeys(progress.step for progress in told))
        assert steps == ["waiting", "listening", "looking", "done"]
        assert told[-1].heard_seconds == pytest.approx(15, abs=0.1)
        several = studio.classify(path, Question(models=("a_mel", "c_cqt")))
        assert isinstance(several.result, Comparison)
        assert several.result.predictions[0].source == str(path)
        listed = {one.name: one for one in studio.models()}
        assert (listed["a_mel"].default, listed["c_cqt"].default) == (True, False)
        assert listed["c_cqt"].loaded
        assert studio.unload("c_cqt")
        assert not studio.unload("c_cqt")
        assert studio.shelf.loaded == ("a_mel",)


def test_a_network_is_loaded_once_for_all_who_wait(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[tuple[str, ...]] = []

    def counted(names: list[str], *how: str | None) -> object:
        loads.append(tuple(names))
        time.sleep(0.1)
        return load_models(names, *how)

    monkeypatch.setattr("genrescope.apps.serving.shelf.load_models", counted)
    with Studio(["a_mel"]) as studio:
        threads = [threading.Thread(target=studio.load, args=("a_mel",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert loads == [("a_mel",)]


def test_models_that_requests_may_name(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = onnx_models.write(tmp_path_factory.mktemp("own"), "mine", "mel").path
    with Studio([str(outside)]) as studio:
        assert studio.shelf.names() == ("mine",)
        assert {"a_mel", "c_cqt", "mine"} <= set(studio.shelf.names(("all",)))
        assert studio.card("mine").name == "mine"
        assert next(one for one in studio.models() if one.name == "mine").default
        for given in (str(outside), str(folder / "a_mel.onnx"), "../a_mel", "a_mell"):
            with pytest.raises(ModelNotFoundError):
                studio.shelf.names((given,))


def test_what_cannot_be_answered(folder: Path, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no song\n" * 300, encoding="utf-8")
    with Studio(["a_mel"]) as studio:
        with pytest.raises(DecodeError, match=r"^song: not a sound file"):
            studio.classify(tmp_path / "text.mp3", label="song")
        with pytest.raises(DecodeError, match="no such file"):
            studio.classify(tmp_path / "none.wav")
        with pytest.raises(AudioError, match="windows must be"):
            Question(windows="some")
        with pytest.raises(TimeLimitError):
            studio.classify(samples / "jazz_vibe_ace.flac", watch=Watch(0.001))
        gone = Watch()
        gone.stop()
        with pytest.raises(StoppedError):
            studio.classify(samples / "jazz_vibe_ace.flac", watch=gone)
        counted = Question(windows="2")  # the length must be known first: it is decoded twice
        with pytest.raises(TimeLimitError):
            studio.classify(samples / "disco_con_tutti.mp3", counted, watch=Watch(0.02))
    with pytest.raises(StoppedError):
        studio.classify(samples / "jazz_vibe_ace.flac")


def test_jobs_take_turns(folder: Path, samples: Path, uploads_folder: Path) -> None:
    sound = (samples / "country_short_1s5.mp3").read_bytes()
    with Studio(["a_mel"], Settings(workers=1)) as studio:
        jobs = Jobs(studio)
        began: list[str] = []
        ask = studio.ask

        def noted(source: object, question: object = None, **how: object) -> object:
            began.append(str(how["label"]))
            return ask(source, question, **how)  # type: ignore[arg-type]

        studio.ask = noted  # type: ignore[assignment, method-assign]
        made = []
        for name in ("a", "b"):
            uploads = [studio.uploads.open(f"{name}{i}") for i in range(3)]
            for upload in uploads:
                upload.write(sound)
            made.append(jobs.create(uploads, Question()))
        until(lambda: all(job.state == "done" for job in made))
        assert began.index("b0") < began.index("a2")
        assert [job.failures for job in made] == [0, 0]
        assert jobs.active == studio.uploads.count == 0
        jobs.close()


def test_every_error_has_a_problem() -> None:
    errors = [e for e in vars(tree).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(errors) > 15
    for error in errors:
        kinds = [problem for problem in PROBLEMS if issubclass(error, problem.error)]
        assert kinds, error
        assert 400 <= kinds[0].status < 600
    assert len({problem.name for problem in PROBLEMS}) == len(PROBLEMS)
    assert problem_of(GenrescopeError("x")).name == "not-possible"
    places = [problem.error for problem in PROBLEMS]
    for place, error in enumerate(places):  # special ones first, or they would never be met
        assert not any(issubclass(error, before) for before in places[:place]), error
