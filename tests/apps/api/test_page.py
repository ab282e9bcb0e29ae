"""docs/api.md says what is so."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from genrescope.apps.serving.problems import problem_named
from tests.apps.conftest import Served

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"


def blocks(kind: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == kind]


def test_every_route_stands_there(server: Served) -> None:
    described = server.http.get("/api/v1/openapi.json").json()["paths"]
    paths = {path.removeprefix("/api/v1") for path in described}
    named = set(re.findall(r"`(?:(?:GET|POST|DELETE) )?(/[a-z/{}]+)`", PAGE))
    named -= {"/api/v1/openapi.json"}
    assert named | {"/problems"} == paths


def test_every_problem_is_one() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", PAGE, re.MULTILINE)
    assert len(rows) >= 8
    for status, names in rows:
        for name in re.findall(r"`([\w-]+)`", names):
            problem = problem_named(name)
            assert problem is not None
            assert str(problem.status) == status, name


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_do_what_they_say(server: Served, tmp_path: Path) -> None:
    lines = [line for block in blocks("") for line in block.splitlines()]
    commands = [c for c in lines if c.startswith("curl") and "/ID/" not in c and HERE in c]
    assert len(commands) >= 5
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for command in commands:
        words = shlex.split(command.replace(HERE, server.url))
        done = subprocess.run([*words, "-sf"], capture_output=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, (command, done)
    assert (tmp_path / "jazz.png").read_bytes().startswith(b"\x89PNG")


def test_the_program_runs(
    server: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).symlink_to(ROOT / "samples" / "country_short_1s5.mp3")
    (program,) = blocks("python")
    exec(compile(program.replace(HERE, server.url), "api.md", "exec"), {})  # the page's own
    assert "Jazz" in capsys.readouterr().out
