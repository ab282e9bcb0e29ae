"""What is built can be installed by itself, and holds what it should."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genrescope import __version__
from genrescope.apps.cli.main import app
from genrescope.apps.licences import Licensed, find_licences

ROOT = Path(__file__).resolve().parents[1]
UNREACHED = ("failed to fetch", "dns error", "error sending request", "failed to download")
OURS = ("PYTHONPATH", "PYTHONPYCACHEPREFIX")
"""Of the tests alone: an environment that goes away keeps what it compiled in itself."""


def plain() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in OURS}


def uv(*arguments: str | Path) -> None:
    """Run uv, and skip where the package index cannot be reached."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed")
    told = subprocess.run(
        ["uv", *map(str, arguments)], capture_output=True, text=True, check=False, env=plain()
    )
    if told.returncode and any(words in told.stderr.lower() for words in UNREACHED):
        pytest.skip(f"the package index cannot be reached: {told.stderr[-300:]}")
    assert told.returncode == 0, told.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def clean(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and what it needs, and nothing else."""
    place = tmp_path_factory.mktemp("clean") / "environment"
    uv("venv", "--quiet", "--python", sys.executable, place)
    python = place / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    constraints = ROOT / "constraints.txt"
    uv("pip", "install", "--quiet", "--python", python, "-c", constraints, wheel)
    return place


def run(clean: Path, tmp_path: Path, *arguments: str) -> str:
    told = subprocess.run(
        [clean / "bin" / "genrescope", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=plain(),
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_what_is_in_the_files(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    (source,) = built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "py.typed",
        "weights/mobilenetv3_mel.onnx",
        "weights/index.json",
        "apps/web/assets/page.js",
    ):
        assert f"genrescope/{name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "samples/"))]
    with zipfile.ZipFile(wheel) as archive:
        licences = archive.read("genrescope/samples/LICENSES.md").decode()
        clips = [one for one in archive.infolist() if one.filename.endswith((".mp3", ".ogg"))]
    assert len(clips) == 3
    assert sum(clip.file_size for clip in clips) < 1_000_000
    for clip in clips:
        assert f"\n| {clip.filename.removeprefix('genrescope/samples/')} |" in licences
    with tarfile.open(source) as archive:
        assert any(name.endswith("/pyproject.toml") for name in archive.getnames())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_clean_installation_works(clean: Path, tmp_path: Path, samples: Path) -> None:
    assert run(clean, tmp_path, "--version") == f"genrescope {__version__}\n"
    sound = str(samples / "country_short_1s5.mp3")
    (line,) = run(clean, tmp_path, "classify", "--json", sound).splitlines()
    assert sum(json.loads(line)["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    listed = json.loads(run(clean, tmp_path, "licences", "--json"))
    names = {one["name"].lower() for one in listed}
    assert {"numpy", "matplotlib", "openvino", "soxr"} <= names
    assert not names & {"torch", "gradio", "fastapi"}
    assert [one["name"] for one in listed if one["copyleft"] == "strong"] == []
    assert {one["name"] for one in listed if one["copyleft"] == "lesser"} <= {"soxr"}
    assert [one["name"] for one in listed if one["licence"] == "unknown"] == []


def test_copyleft_is_told() -> None:
    kinds = {
        "GPL-2.0-or-later": "strong",
        "GNU General Public License v3 (GPLv3)": "strong",
        "AGPL-3.0-only": "strong",
        "LGPL-2.1-or-later": "lesser",
        "GNU Lesser General Public License v2 (LGPLv2)": "lesser",
        "BSD-3-Clause": "",
        "MPL-2.0": "",
    }
    for licence, kind in kinds.items():
        assert Licensed("x", "1", licence, "").copyleft == kind, licence


def test_extras_come_after_the_base() -> None:
    found = find_licences()
    assert [one.extra for one in found] == sorted(one.extra for one in found)
    assert next(one for one in found if one.name == "numpy").extra == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    told = CliRunner().invoke(app, ["--show-completion", shell])
    assert told.exit_code == 0, told.output
    assert "complete" in told.output


def test_the_dockerfile_is_in_order() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER 10001\n" in text
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint is not installed")
    told = subprocess.run(
        ["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout
