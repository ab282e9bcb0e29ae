"""Labels in the order of a network's outputs: given, or found in the file, never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from genrescope.types import ModelError, refuse

KEYS = (
    "labels",
    "label_names",
    "classes",
    "class_names",
    "categories",
    "genres",
    "id2label",
    "label2id",
    "idx_to_class",
    "class_to_idx",
)
NESTED = ("meta", "config", "args", "hparams", "hyper_parameters")
LIMIT_BYTES = 2**20


def names() -> tuple[str, ...]:
    """Names of the lists that come with Genrescope, sorted."""
    files = resources.files(__package__).joinpath("label_lists").iterdir()
    return tuple(sorted(f.name.removesuffix(".txt") for f in files if f.name.endswith(".txt")))


def parse_labels(text: str) -> tuple[str, ...]:
    """Labels from what a person gave.

    Parameters
    ----------
    text : str
        A file (one label a line, or a JSON list), a comma list, or the name of a list that comes
        with Genrescope.

    Raises
    ------
    ModelError
        If it is none of these, or a label is empty or stands twice.

    Examples
    --------
    >>> parse_labels("Rock, Jazz,Folk")
    ('Rock', 'Jazz', 'Folk')
    """
    path = Path(text)
    if text in names():
        file = resources.files(__package__).joinpath("label_lists", f"{text}.txt")
        return _checked(_lines(file.read_text(encoding="utf-8")), text)
    if _is_file(path):
        return _checked(_of_file(path), text)
    if "," in text:
        return _checked([label.strip() for label in text.split(",")], text)
    raise ModelError(
        f"--labels {text!r} is no file, no comma list and none of {', '.join(names())}"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a list too long for a name
        return False


def _of_file(path: Path) -> list[str]:
    try:
        refuse(path.stat().st_size > LIMIT_BYTES, f"{path}: too long for labels", ModelError)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a file of labels ({error})") from error
    if text.lstrip().startswith(("[", "{")):
        found = find_labels({"labels": text})
        refuse(not found, f"{path}: JSON, but no list of labels", ModelError)
        return list(found)
    return _lines(text)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def _checked(labels: list[str], where: str) -> tuple[str, ...]:
    refuse(len(labels) < 2, f"{where}: a network needs at least two labels", ModelError)
    refuse(not all(labels), f"{where}: a label is empty", ModelError)
    twice = sorted({label for label in labels if labels.count(label) > 1})
    refuse(bool(twice), f"{where}: {', '.join(twice)} stands there twice", ModelError)
    return tuple(labels)


def find_labels(content: Mapping[Any, Any]) -> tuple[str, ...]:
    """Labels that a checkpoint states beside its weights; empty where it states none in order."""
    for key in KEYS:
        found = _in_order(content.get(key))
        if found:
            return found
    for key in NESTED:
        inner = content.get(key)
        if isinstance(inner, Mapping):
            found = find_labels({k: v for k, v in inner.items() if k in KEYS})
            if found:
                return found
    return ()


def _in_order(value: Any) -> tuple[str, ...]:
    """A list, label to place, or place to label; safetensors keep them as JSON."""
    if isinstance(value, str) and len(value) <= LIMIT_BYTES:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return ()
    if isinstance(value, Mapping):
        value = _by_place(value)
    good = isinstance(value, list | tuple) and len(value) > 1
    if not good or not all(isinstance(label, str) and label for label in value):
        return ()
    return tuple(value) if len(set(value)) == len(value) else ()


def _by_place(table: Mapping[Any, Any]) -> list[str]:
    places: dict[int, str] = {}
    for key, value in table.items():
        name, place = (key, value) if isinstance(value, int) else (value, key)
        good = isinstance(place, int) or (isinstance(place, str) and len(place) < 10)
        if isinstance(name, str) and good and str(place).isdecimal():
            places[int(place)] = name
    whole = len(places) == len(table) and sorted(places) == list(range(len(places)))
    return [places[i] for i in range(len(places))] if whole else []
