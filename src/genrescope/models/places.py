"""Which folders model files are looked for in."""

from __future__ import annotations

import os
from pathlib import Path

FOLDERS_VARIABLE = "GENRESCOPE_MODELS"
SUFFIX = ".onnx"


def installed_folder() -> Path:
    """Where `install` puts model files: a folder of the user's."""
    from platformdirs import user_data_path

    return user_data_path("genrescope", appauthor=False) / "models"


def built_in_folder() -> Path:
    """The weights that the package carries."""
    return Path(__file__).resolve().parents[1] / "weights"


def folders() -> list[tuple[str, Path]]:
    """Every place that is looked in, with its name; the first that has a model wins."""
    found = []
    for entry in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        if entry:
            found.append((FOLDERS_VARIABLE, Path(entry)))
    root = Path(__file__).resolve().parents[3]
    if (root / "pyproject.toml").is_file():
        found.append(("checkout", root / "models"))
    return [*found, ("installed", installed_folder()), ("built in", built_in_folder())]


def files_of(folder: Path) -> list[Path]:
    """Model files of a folder; none of one that is not there or must not be looked into."""
    try:
        found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    except OSError:
        return []
    return [path for path in found if not path.name.startswith(".")]


def is_there(path: Path) -> bool:
    """Whether anything has that name; a link to nothing has, a name no disk takes has not."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def absent_folders() -> tuple[Path, ...]:
    """What the environment variable names and is no folder; nothing is found there."""
    named = (folder for place, folder in folders() if place == FOLDERS_VARIABLE)
    return tuple(folder for folder in named if not _is_folder(folder))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no disk takes
        return False


def say_absent_folders() -> str:
    """What to say of folders that were named and are not there."""
    absent = ", ".join(str(folder) for folder in absent_folders())
    return f". {FOLDERS_VARIABLE} names no folder with {absent}" if absent else ""
