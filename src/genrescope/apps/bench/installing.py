"""How long an installation takes: from the package index into an empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from genrescope.apps.bench.field import NEEDED
from genrescope.apps.bench.timing import Row, milliseconds, pair_of
from genrescope.apps.bench.whole import say
from genrescope.apps.licences import PACKAGE
from genrescope.types import GenrescopeError

LONGEST_SECONDS = 1800.0


def measure() -> list[Row]:
    """What the base install needs, and what the field does, each fetched and unpacked once.

    Returns
    -------
    list of Row
        In seconds. The network's mood falls on both, one after the other.

    Raises
    ------
    GenrescopeError
        If the index is not reached, or has no build for this machine.
    """
    ours = base_requirements()
    mine, other = (milliseconds(partial(install, wanted)) / 1000 for wanted in (ours, NEEDED))
    row = pair_of("base install, fetched", [mine], ", ".join(NEEDED), [other], "s")
    return [replace(row, note=f"by {installer()}, one after the other")]


def base_requirements() -> list[str]:
    """What Genrescope asks for without any extra."""
    asked = [Requirement(text) for text in requires(PACKAGE) or ()]
    return [str(one) for one in asked if not one.marker or one.marker.evaluate({"extra": ""})]


def install(wanted: Sequence[str]) -> None:
    """Fetch libraries into an environment that is thrown away; nothing kept from before is used.

    Raises
    ------
    GenrescopeError
        With the installer's last line.
    """
    with tempfile.TemporaryDirectory(prefix="genrescope-install-") as folder:
        place = Path(folder) / "environment"
        for words in (_making(place), [*_installing(place), *wanted]):
            say(words, "could not be installed", GenrescopeError, LONGEST_SECONDS)


@cache
def installer() -> str:
    """``uv`` where it is there and runs, else ``pip``."""
    found = shutil.which("uv")
    if found is None:
        return "pip"
    works = subprocess.run([found, "--version"], capture_output=True, check=False)
    return "pip" if works.returncode else "uv"


def _making(place: Path) -> list[str]:
    if installer() == "uv":
        return ["uv", "venv", "--python", sys.executable, str(place)]
    return [sys.executable, "-m", "venv", str(place)]


def _installing(place: Path) -> list[str]:
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if installer() == "uv":
        return ["uv", "pip", "install", "--no-cache", "--python", str(python)]
    quiet = ["--no-cache-dir", "--disable-pip-version-check"]
    return [str(python), "-m", "pip", "install", *quiet]
