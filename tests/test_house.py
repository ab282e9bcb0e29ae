"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES, MOST_ARGUMENTS = 400, 60, 8
BARRED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}

every = pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@every
def test_sizes(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    for function in functions(path):
        assert function.end_lineno is not None
        body = function.body[0]
        first = body.end_lineno if ast.get_docstring(function) else function.lineno
        assert first is not None
        assert function.end_lineno - first <= MOST_FUNCTION_LINES, function.name
        if "cli" not in path.parts:  # there a parameter is an option
            arguments = function.args
            count = len(arguments.args) + len(arguments.kwonlyargs) + len(arguments.posonlyargs)
            own = count - (bool(arguments.args) and arguments.args[0].arg == "self")
            assert own <= MOST_ARGUMENTS, function.name


@every
def test_names_and_manners(path: Path) -> None:
    assert not BARRED_NAMES & {part.removesuffix(".py") for part in path.parts}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module says what it is"
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert not [c for c in calls if isinstance(c, ast.Name) and c.id == "print"]


def test_constraints_say_the_same_twice() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in listed if line and not line.startswith("#")]
    assert project["tool"]["uv"]["constraint-dependencies"] == pins


def test_samples_have_licences(samples: Path) -> None:
    licences = (samples / "LICENSES.md").read_text(encoding="utf-8")
    clips = [path.name for path in samples.iterdir() if path.suffix != ".md"]
    assert len(clips) >= 5
    assert all(f"| {name} |" in licences for name in clips)


def test_the_page_on_commands_is_true() -> None:
    typer = pytest.importorskip("typer")
    from genrescope.apps.cli.main import app

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        assert f"## `genrescope {name}`" in page
        for parameter in command.params:
            for option in getattr(parameter, "opts", []):
                if option.startswith("--"):
                    assert re.search(rf"`(-\w, )?{option}\b", page), f"{name} {option}"


def test_both_readmes_show_the_same_commands() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]
    first, second = (re.findall(r"^uv run [^#\n]*", text, re.MULTILINE) for text in texts)
    assert [c.strip() for c in first] == [c.strip() for c in second]
    assert "poe check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
