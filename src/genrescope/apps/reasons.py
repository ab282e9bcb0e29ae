"""Explanations, changed answers and timelines as plain data: JSON, CSV, the REST API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genrescope.apps.results import to_plain
from genrescope.explain.change import Moved
from genrescope.types import Explanation, FloatArray, Timeline


def plain_explanation(explanation: Explanation) -> dict[str, Any]:
    """An explanation as what `json` can write: evidence in logits, where on time and Hz it lies.

    ``cells[window][row][column]`` lie evenly over a window's bands and columns, row 0 the lowest;
    ``by_band`` has a value a band of the spectrogram, ``by_time`` a value a column.
    """
    picture = explanation.spectrogram
    return {
        "source": explanation.prediction.source,
        "model": explanation.prediction.model,
        "genre": explanation.label,
        "probability": round(explanation.probability, 4),
        "method": explanation.method,
        "bias": None if explanation.bias is None else round(explanation.bias, 5),
        "window_starts": [round(s, 3) for s in explanation.prediction.window_starts],
        "window_seconds": round(picture.spec.window_samples / picture.spec.sample_rate, 3),
        "cells": _rounded(explanation.cells, 5),
        "band_hz": _rounded(picture.band_hz, 2),
        "by_band": _rounded(explanation.by_band, 5),
        "frame_seconds": _rounded(picture.frame_seconds, 4),
        "by_time": _rounded(explanation.by_time, 5),
        "notices": _notices(explanation),
    }


def _notices(explanation: Explanation) -> list[dict[str, Any]]:
    said = explanation.prediction.notices
    return [{"code": n.code, "message": n.message, "value": n.value} for n in said]


def plain_moved(moved: Moved) -> dict[str, Any]:
    """What a change did: every model's result before and after it."""
    return {"before": to_plain(moved.before), "after": to_plain(moved.after)}


def plain_why(explanations: Sequence[Explanation], moved: Moved | None) -> dict[str, Any]:
    """Explanations, and under ``change`` what a change did, where one was asked for."""
    plain: dict[str, Any] = {"explanations": [plain_explanation(one) for one in explanations]}
    if moved is not None:
        plain["change"] = plain_moved(moved)
    return plain


def plain_timeline(timeline: Timeline) -> dict[str, Any]:
    """A timeline as what `json` can write."""
    steps = []
    for place, second in enumerate(timeline.seconds):
        row = timeline.probabilities[place]
        step = {"second": round(float(second), 3), "probabilities": _named(timeline, row)}
        if timeline.divergence is not None:
            step["divergence_bits"] = round(float(timeline.divergence[place]), 4)
            step["models"] = {
                model: _named(timeline, rows[place])
                for model, rows in zip(timeline.models, timeline.per_model, strict=True)
            }
        steps.append(step)
    segments = [
        {
            "start": round(segment.start, 3),
            "end": round(segment.end, 3),
            "genre": segment.genre,
            "probability": round(segment.probability, 4),
        }
        for segment in timeline.segments
    ]
    return {
        "source": timeline.predictions[0].source,
        "step_seconds": round(timeline.step, 4),
        "segments": segments,
        "steps": steps,
        "result": to_plain(timeline.result),
    }


def timeline_rows(timeline: Timeline) -> list[dict[str, Any]]:
    """A timeline as rows of one table: a row a step, the mean of the models."""
    rows = []
    for place, second in enumerate(timeline.seconds):
        named = _named(timeline, timeline.probabilities[place])
        apart = "" if timeline.divergence is None else round(float(timeline.divergence[place]), 4)
        genre = max(named, key=lambda label: named[label])
        head = {"second": f"{second:.3f}", "genre": genre, "divergence_bits": apart}
        rows.append({**head, **named})
    return rows


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where evidence is strongest: from `low` to `high` in Hz or seconds, at most `logits`."""

    low: float
    high: float
    logits: float


def strongest(values: FloatArray, places: FloatArray) -> Stretch | None:
    """The stretch around the greatest value that has nine tenths of it at least.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Evidence along one axis, in logits; negated, it gives what speaks most against.
    places : ndarray, shape (n,)
        Where each lies.

    Returns
    -------
    Stretch or None
        None where nothing is above 0.

    Examples
    --------
    >>> strongest(np.array([0, 2, 1.9, 0, 1]), np.array([10, 20, 30, 40, 50]))
    Stretch(low=20.0, high=30.0, logits=2.0)
    """
    top = int(values.argmax())
    if values[top] <= 0:
        return None
    near = values >= 0.9 * values[top]
    first = last = top
    while first > 0 and near[first - 1]:
        first -= 1
    while last < len(values) - 1 and near[last + 1]:
        last += 1
    return Stretch(float(places[first]), float(places[last]), float(values[top]))


def _named(timeline: Timeline, row: FloatArray) -> dict[str, float]:
    pairs = zip(timeline.labels, row, strict=True)
    return {label: round(float(share), 6) for label, share in pairs}


def _rounded(values: FloatArray, digits: int) -> Any:
    return np.round(values.astype(np.float64), digits).tolist()
