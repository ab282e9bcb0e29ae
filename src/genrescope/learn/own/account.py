"""The report on a training with one's own songs, as plain data and as a page to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genrescope.learn.judging import to_plain
from genrescope.learn.own.bench import Bench
from genrescope.learn.own.label import Labelled
from genrescope.learn.own.page import render
from genrescope.learn.own.song import Passed
from genrescope.models import ModelFile
from genrescope.models.whole import write_whole
from genrescope.types import Report


def account(
    bench: Bench, labelled: Labelled, model: ModelFile, report: Report, passed: tuple[Passed, ...]
) -> dict[str, Any]:
    """What was learned from what, and how good it is.

    Parameters
    ----------
    bench : Bench
    labelled : Labelled
    model : ModelFile
    report : Report
        On the test songs.
    passed : tuple of Passed
        Every file that was passed over, whenever that was seen.

    Returns
    -------
    dict
        What `json` can write.
    """
    counts, card = bench.collection.counts(), model.card
    return {
        **to_plain(report),
        "network": card.network,
        "begun_from": bench.recipe.init,
        "learned": "the head" if bench.wish.freeze else "the head first, then all",
        "steps": bench.recipe.steps,
        "temperature": card.temperature,
        "weights": card.weights,
        "sha256": model.sha256,
        "split_how": bench.collection.how_split(),
        "genres": [
            {
                "label": row.label,
                "spellings": list(row.spellings),
                "artists": row.artists,
                "artists_unknown": row.unknown,
                **{split: counts[row.label][split] for split in ("train", "valid", "test")},
            }
            for row in labelled.rows
        ],
        "left_out": [
            {"label": label, "songs": songs, "reason": reason}
            for label, songs, reason in labelled.left_out
        ],
        "passed_over": [{"file": one.name, "reason": one.reason} for one in passed],
        "sounding_alike": [list(pair) for pair in bench.collection.joined],
        "warnings": list(card.warnings),
    }


def write_account(content: dict[str, Any], model: Path) -> tuple[Path, Path]:
    """Write ``NAME.report.html`` and ``NAME.report.json`` beside a model file.

    Returns
    -------
    tuple of (Path, Path)

    Raises
    ------
    ModelError
        If they cannot be written.
    """
    page, data = (model.with_name(f"{model.stem}.report.{kind}") for kind in ("html", "json"))
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_whole(data, text.encode("utf-8", "replace"))
    write_whole(page, render(content).encode("utf-8", "replace"))
    return page, data
