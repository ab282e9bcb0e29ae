"""The index of a folder of model files: their digests, sizes and scores."""

from __future__ import annotations

import json
from pathlib import Path

from genrescope.models.file import read_model
from genrescope.models.places import files_of
from genrescope.models.whole import write_whole
from genrescope.types import ModelError, Score, refuse

INDEX_FILE = "index.json"
INDEX_FORMAT = 1


def digests_of(folder: Path) -> dict[str, str]:
    """Name to SHA-256 of a folder's index; empty where there is none."""
    path = folder / INDEX_FILE
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        version = table["format"]
        digests = {str(name): str(entry["sha256"]) for name, entry in table["models"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path}: an index that cannot be read ({error!r})") from error
    if version != INDEX_FORMAT:
        raise ModelError(
            f"{path}: index format {version!r} is unknown here (this version reads "
            f"{INDEX_FORMAT}): install a Genrescope that knows it"
        )
    return digests


def renew_index(path: Path) -> None:
    """Bring the index beside a model file that was written anew up to date, if it names it.

    Raises
    ------
    ModelError
        If one of the folder's files cannot be used, or the index cannot be written.
    """
    if path.stem in digests_of(path.parent):
        write_index(path.parent)


def write_index(folder: Path) -> Path:
    """Write ``index.json`` for the model files of a folder: digest, bytes, scores.

    A score is called by its collection, split and metric, and by its card's note where it has one:
    what was measured on translated pictures must not pass for the other.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        If one of them cannot be used, or the index cannot be written.
    """
    refuse(not folder.is_dir(), f"{folder}: no such folder", ModelError)
    models = {}
    for path in files_of(folder):
        model = read_model(path)
        models[path.stem] = {
            "file": path.name,
            "sha256": model.sha256,
            "bytes": model.size_bytes,
            "scores": {
                _named(s): round(s.value, 4)
                for s in model.card.scores
                if s.metric in ("top1", "top3")
            },
        }
    index = folder / INDEX_FILE
    table = {"format": INDEX_FORMAT, "models": models}
    write_whole(index, (json.dumps(table, indent=1, sort_keys=True) + "\n").encode())
    return index


def _named(score: Score) -> str:
    aside = f" ({score.note})" if score.note else ""
    return f"{score.dataset} {score.split} {score.metric}{aside}"
