"""Where models are found, and getting more of them."""

from __future__ import annotations

import json
import os
import threading
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from genrescope import models
from genrescope.classification.looking import load_models
from genrescope.models import places, renew_index, save_model, write_index, zoo
from genrescope.models.file import digest_file
from genrescope.models.installed import IN_THE_SOURCES
from genrescope.types import DigestError, ModelError, ModelNotFoundError, Score
from tests import onnx_models

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder of one's own, and an empty place for installed ones."""
    folder = tmp_path / "mine"
    folder.mkdir()
    installed = tmp_path / "installed"
    monkeypatch.setenv("GENRESCOPE_MODELS", str(folder))
    monkeypatch.setattr(places, "installed_folder", lambda: installed)
    return folder


def test_ones_own_folder_comes_first(mine: Path) -> None:
    onnx_models.write(mine, "small_mel")
    onnx_models.write(mine, "mobilenetv3_mel")
    listings = {one.name: one for one in models.list_models()}
    assert listings["small_mel"].place == "GENRESCOPE_MODELS"
    assert listings["mobilenetv3_mel"].path.parent == mine
    assert models.find("mobilenetv3_mel").path.parent == mine
    assert models.find(str(mine / "small_mel.onnx")).card.name == "small_mel"


def test_the_package_carries_what_runs_by_default() -> None:
    listings = [one for one in models.list_models() if one.place == "built in"]
    assert {"mobilenetv3_mel", "mobilenetv3_cqt"} <= {one.name for one in listings}
    assert all(not one.problem for one in listings)
    assert models.default_models() == ("mobilenetv3_mel",)


def test_the_package_carries_a_model_of_others_that_runs_only_where_it_is_named(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = models.find("musicnn_msd").card
    assert "Million Song Dataset" in card.pretrained
    assert "ISC" in card.licence
    assert card.labels == models.find("mobilenetv3_mel").card.labels
    assert "musicnn_msd" not in models.own_models()
    monkeypatch.setattr(zoo, "folders", lambda: [("built in", places.built_in_folder())])
    listed = [m.card.name for m in load_models(["all"])]
    assert "mobilenetv3_mel" in listed
    assert "musicnn_msd" not in listed
    named = [m.card.name for m in load_models(["musicnn_msd", "all"])]
    assert named == [*listed, "musicnn_msd"]


def test_the_default_is_never_a_model_of_others(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "folders", lambda: [("mine", mine)])
    theirs = onnx_models.card("a_theirs", pretrained="by others")
    save_model(onnx_models.graph(), theirs, mine / "a_theirs.onnx")
    with pytest.raises(ModelNotFoundError, match=r"trained by others.*--model a_theirs"):
        models.default_models()
    onnx_models.write(mine, "b_mine")
    assert models.default_models() == ("b_mine",)


def test_the_licence_of_others_travels() -> None:
    import onnx

    path = models.find("musicnn_msd").path
    text = path.with_name("LICENSE-musicnn.md").read_text(encoding="utf-8")
    assert "Universitat Pompeu Fabra" in text
    assert onnx.load(path, load_external_data=False).doc_string == text
    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    named = [root / name for name in project["project"]["license-files"]]
    assert path.with_name("LICENSE-musicnn.md") in named


def test_a_broken_file_is_listed_with_its_problem(mine: Path) -> None:
    (mine / "broken.onnx").write_bytes(b"nothing")
    listing = next(one for one in models.list_models() if one.name == "broken")
    assert listing.card is None
    assert "not an ONNX file" in listing.problem
    with pytest.raises(ModelError):
        models.find("broken")


def test_the_index_is_believed_over_the_file(mine: Path) -> None:
    onnx_models.write(mine)
    index = write_index(mine)
    assert models.find("small_mel").card.name == "small_mel"
    onnx_models.write(mine, seed=7)
    with pytest.raises(DigestError):
        models.find("small_mel")
    listing = next(one for one in models.list_models() if one.name == "small_mel")
    assert "index" in listing.problem
    renew_index(mine / "small_mel.onnx")
    assert models.find("small_mel").card.name == "small_mel"
    index.write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="index that cannot be read"):
        models.find("small_mel")


@pytest.mark.parametrize("folder", [CHECKOUT / "models", places.built_in_folder()])
def test_every_file_of_ours_is_in_an_index(folder: Path) -> None:
    table = json.loads((folder / "index.json").read_text(encoding="utf-8"))["models"]
    assert {name: entry["sha256"] for name, entry in table.items()} == {
        path.stem: digest_file(path) for path in places.files_of(folder)
    }


def test_the_index_keeps_the_notes_of_scores(mine: Path) -> None:
    scores = (
        Score("gtzan", "test", "top1", 0.5, 0.1, 0.9, 9, "translated"),
        Score("gtzan", "test", "top1", 0.75, 0.1, 0.9, 9),
        Score("gtzan", "test", "ece", 0.25, 0.1, 0.9, 9),
    )
    save_model(onnx_models.graph(), onnx_models.card(scores=scores), mine / "small_mel.onnx")
    table = json.loads(write_index(mine).read_text(encoding="utf-8"))
    assert table["models"]["small_mel"]["scores"] == {
        "gtzan test top1 (translated)": 0.5,
        "gtzan test top1": 0.75,
    }


def test_the_nearest_name_is_offered(mine: Path) -> None:
    onnx_models.write(mine)
    with pytest.raises(ModelNotFoundError, match="did you mean small_mel"):
        models.find("smal_mel")
    with pytest.raises(ModelNotFoundError):
        models.find("../mine/small_mel")


def test_install_from_a_path_and_remove(mine: Path, tmp_path: Path) -> None:
    made = onnx_models.write(tmp_path / "elsewhere", "other")
    installed = models.install(str(made.path), made.sha256)
    assert installed.card == made.card
    assert models.find("other").path == installed.path
    assert models.remove("other") == installed.path
    with pytest.raises(ModelNotFoundError):
        models.remove("other")
    with pytest.raises(ModelError, match="not removed here"):
        models.remove("mobilenetv3_mel")


def test_a_name_that_is_no_file_is_told_where_it_lies(
    mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    built_in = places.built_in_folder()
    monkeypatch.setattr(zoo, "folders", lambda: [("built in", built_in)])
    lies = r"densenet121_mel: no such file; .*repository as models/densenet121_mel\.onnx\."
    with pytest.raises(ModelError, match=lies + ".*path.*https.*--sha256"):
        models.install("densenet121_mel")
    with pytest.raises(ModelError, match=r"is there already.*built in"):
        models.install("mobilenetv3_mel")
    for source in ("absent", "far/densenet121_mel.onnx"):
        with pytest.raises(ModelError, match=r"no such file\. Name"):
            models.install(source)
    assert not (tmp_path / "installed").exists()


def test_what_lies_in_the_sources() -> None:
    table = json.loads((CHECKOUT / "models" / "index.json").read_text(encoding="utf-8"))
    assert tuple(sorted(table["models"])) == IN_THE_SOURCES


def test_what_is_no_model_leaves_nothing_behind(mine: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"junk")
    for source, digest in ((str(path), None), (str(path), "0" * 64), ("/nowhere.onnx", None)):
        with pytest.raises(ModelError):
            models.install(source, digest)
    assert list((tmp_path / "installed").iterdir()) == []


def test_an_installed_model_can_be_removed_where_another_hides_it(
    mine: Path, tmp_path: Path
) -> None:
    made = onnx_models.write(mine, "small_mel")
    installed = models.install(str(made.path))
    assert models.remove("small_mel") == installed.path
    assert made.path.is_file()
    with pytest.raises(ModelError, match="not removed here"):
        models.remove("small_mel")
    with pytest.raises(ModelNotFoundError):
        models.remove("../mine/small_mel")
    assert made.path.is_file()


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "a\\b", "two words", "x" * 200])
def test_a_name_that_cannot_name_a_file(name: str, mine: Path, tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    save_model(onnx_models.graph(), onnx_models.card(name), path)
    with pytest.raises(ModelError, match="cannot name a file"):
        models.install(str(path))
    assert list((tmp_path / "installed").iterdir()) == []


def test_an_index_of_another_format(mine: Path) -> None:
    onnx_models.write(mine)
    (mine / "index.json").write_text('{"format": 2, "models": {}}', encoding="utf-8")
    with pytest.raises(ModelError, match="index format 2 is unknown"):
        models.find("small_mel")


def test_where_nothing_can_be_used_the_reasons_are_said(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRESCOPE_MODELS", os.pathsep.join((str(mine), str(mine / "absent"))))
    where = [("GENRESCOPE_MODELS", mine), ("GENRESCOPE_MODELS", mine / "absent")]
    monkeypatch.setattr(zoo, "folders", lambda: where)
    (mine / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(
        ModelNotFoundError, match=r"not an ONNX file.*names no folder with .*absent"
    ):
        models.default_models()
    onnx_models.write(mine, "other")
    assert models.default_models() == ("other",)
    (mine / "mobilenetv3_mel.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"not an ONNX file.*name a --model"):
        models.default_models()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def test_install_from_a_url(mine: Path, tmp_path: Path, server: str) -> None:
    made = onnx_models.write(tmp_path, "remote")
    url = f"{server}/remote.onnx"
    with pytest.raises(ModelError, match="needs --sha256"):
        models.install(url)
    with pytest.raises(DigestError):
        models.install(url, "0" * 64)
    for broken in (f"{server}/gone.onnx", "http://[nowhere/x.onnx", f"{server}:x/x.onnx"):
        with pytest.raises(ModelError, match="cannot be read"):
            models.install(broken, made.sha256)
    assert models.install(url, made.sha256).card.name == "remote"


def test_verify_reads_the_bytes_again(mine: Path) -> None:
    onnx_models.write(mine)
    assert zoo.verify("small_mel").card.name == "small_mel"
