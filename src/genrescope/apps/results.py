"""Results as plain data, in one form for every door: JSON, CSV, the REST API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from genrescope.types import Comparison, Failure, FloatArray, GenrescopeError, Notice, Prediction

UNSEEN_TOLD = 0.25
"""Seconds: people are told of more that lies in no window, and not of less."""

Result = Prediction | Comparison | Failure


def to_plain(result: Result, *, per_window: bool = False, top: int | None = None) -> dict[str, Any]:
    """A result as what `json` can write.

    Parameters
    ----------
    result : Prediction, Comparison or Failure
    per_window : bool
        Whether every window's probabilities are in it.
    top : int, optional
        Only so many genres, most probable first; all, in the order of the labels, by default.

    Returns
    -------
    dict
        With ``source`` and one of ``probabilities``, ``models`` or ``error``.
    """
    if isinstance(result, Failure):
        return {"source": result.source, "error": {"stage": result.stage, "reason": result.reason}}
    if isinstance(result, Prediction):
        return _prediction(result, per_window, top)
    return {
        "source": result.predictions[0].source,
        "mean": _named(result.labels, result.mean, top),
        "genre": result.top(1)[0][0],
        "agreement": round(result.agreement, 4),
        "divergence_bits": round(result.divergence, 4),
        "entropy_bits": round(result.entropy, 4),
        "music": _share(result.music),
        "dissenters": [{"model": m, "genre": g} for m, g in result.dissenters],
        "models": [_prediction(p, per_window, top) for p in result.predictions],
    }


def _prediction(prediction: Prediction, per_window: bool, top: int | None) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "source": prediction.source,
        "model": prediction.model,
        "genre": prediction.top(1)[0][0],
        "probability": round(prediction.top(1)[0][1], 4),
        "probabilities": _named(prediction.labels, prediction.probabilities, top),
        "calibrated": prediction.calibrated,
        "pretrained": prediction.pretrained,
        "music": _share(prediction.music),
        "seconds": round(prediction.seconds, 3),
        "windows": len(prediction.window_starts),
        "window_seconds": round(prediction.window_seconds, 3),
        "unseen_seconds": round(prediction.unseen_seconds, 3),
        "notices": [
            {"code": n.code, "message": n.message, "value": n.value} for n in prediction.notices
        ],
    }
    if per_window:
        plain["timeline"] = [
            {"start": round(start, 3), "probabilities": _named(prediction.labels, row, top)}
            for start, row in zip(prediction.window_starts, prediction.per_window, strict=True)
        ]
    return plain


def _named(
    labels: tuple[str, ...], row: Iterable[float], top: int | None = None
) -> dict[str, float]:
    named = {label: round(float(p), 6) for label, p in zip(labels, row, strict=True)}
    if top is None:
        return named
    return dict(sorted(named.items(), key=lambda entry: -entry[1])[:top])


def from_plain(plain: dict[str, Any]) -> Result:
    """A result from what `to_plain` made of one, with ``per_window`` and all genres.

    Parameters
    ----------
    plain : dict

    Returns
    -------
    Prediction, Comparison or Failure
        Probabilities to six decimals, as they are in `plain`.

    Raises
    ------
    GenrescopeError
        If it is something else.
    """
    try:
        if "error" in plain:
            return Failure(plain["source"], plain["error"]["stage"], plain["error"]["reason"])
        if "models" not in plain:
            return _read_prediction(plain)
        return Comparison(
            predictions=tuple(_read_prediction(entry) for entry in plain["models"]),
            mean=_row_of(plain["mean"]),
            agreement=float(plain["agreement"]),
            divergence=float(plain["divergence_bits"]),
            entropy=float(plain["entropy_bits"]),
            dissenters=tuple((one["model"], one["genre"]) for one in plain["dissenters"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GenrescopeError(f"not a result as Genrescope writes it: {error!r}") from error


def _read_prediction(plain: dict[str, Any]) -> Prediction:
    windows = plain["timeline"]
    return Prediction(
        labels=tuple(plain["probabilities"]),
        probabilities=_row_of(plain["probabilities"]),
        per_window=np.stack([_row_of(window["probabilities"]) for window in windows]),
        window_starts=tuple(float(window["start"]) for window in windows),
        model=plain["model"],
        calibrated=bool(plain["calibrated"]),
        source=plain["source"],
        seconds=float(plain["seconds"]),
        window_seconds=float(plain["window_seconds"]),
        notices=tuple(Notice(n["code"], n["message"], n["value"]) for n in plain["notices"]),
        pretrained=plain["pretrained"],
        music=plain["music"],
    )


def _row_of(named: dict[str, float]) -> FloatArray:
    return np.fromiter(named.values(), dtype=np.float32, count=len(named))


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def to_rows(result: Result, *, per_window: bool = False) -> list[dict[str, Any]]:
    """A result as rows of one table: a row a model, or a row a window.

    Every row has ``source``, ``model``, ``start``, ``genre``, ``probability``, ``music``,
    ``error`` and a column a label. ``start`` is empty for whole recordings; ``music`` is of the
    whole recording in every row.
    """
    if isinstance(result, Failure):
        return [{"source": result.source, "error": f"{result.stage}: {result.reason}"}]
    if isinstance(result, Comparison):
        rows = [row for p in result.predictions for row in to_rows(p, per_window=per_window)]
        if not per_window:
            mean = _row(result.predictions[0].source, "mean", "", result.labels, result.mean)
            rows.append({**mean, "music": _share(result.music)})
        return rows
    source, model, labels = result.source, result.model, result.labels
    if per_window:
        pairs = zip(result.window_starts, result.per_window, strict=True)
        plain = [_row(source, model, f"{start:.3f}", labels, row) for start, row in pairs]
    else:
        plain = [_row(source, model, "", labels, result.probabilities)]
    return [{**row, "music": _share(result.music)} for row in plain]


def _row(
    source: str, model: str, start: str, labels: tuple[str, ...], row: Iterable[float]
) -> dict[str, Any]:
    named = _named(labels, row)
    genre = max(named, key=lambda label: named[label])
    head = {"source": source, "model": model, "start": start, "genre": genre}
    return {**head, "probability": named[genre], "error": "", **named}
