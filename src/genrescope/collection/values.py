"""What passes between walk, workers, networks and store."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from genrescope.audio import WindowChoice
from genrescope.audio.source import shown
from genrescope.classification.looking import Model
from genrescope.types import Comparison, FloatArray, Prediction


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as a folder lists it.

    Attributes
    ----------
    path : bytes
        Absolute, as the system spells it: no name is left out for its letters.
    size : int
        In bytes.
    modified_ns : int
        In nanoseconds since 1970.
    """

    path: bytes
    size: int
    modified_ns: int

    @property
    def name(self) -> str:
        """The path as one printable line."""
        return shown(os.fsdecode(self.path))


@dataclass(frozen=True, slots=True)
class Seat:
    """One model under one recipe: analyses of one seat can be compared and need no repeating.

    Attributes
    ----------
    model : str
    digest : str
        SHA-256 of its file, which holds weights, card and spectrogram recipe.
    recipe : str
        What was looked at, as JSON: the spectrogram's recipe and the choice of windows.
    labels : tuple of str
    """

    model: str
    digest: str
    recipe: str
    labels: tuple[str, ...]

    @property
    def windows(self) -> str:
        """Which windows were looked at, as ``--windows`` says it."""
        chosen = json.loads(self.recipe).get("windows", {})
        return str(chosen.get("count") or chosen.get("kind", "all"))


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What one seat made of one content.

    Attributes
    ----------
    seat : Seat
    probabilities : ndarray of float32, shape (genres,)
    seconds : float
    music : float, optional
    window_starts : tuple of float
        Empty where windows were not to be kept.
    per_window : ndarray of float32, shape (windows, genres), optional
    embedding : ndarray of float32, shape (features,), optional
    notices : tuple of str
        Codes of `genrescope.types.Notice`, each once.
    """

    seat: Seat
    probabilities: FloatArray
    seconds: float
    music: float | None
    window_starts: tuple[float, ...] = ()
    per_window: FloatArray | None = None
    embedding: FloatArray | None = None
    notices: tuple[str, ...] = ()


def seat_of(model: Model, windows: WindowChoice) -> Seat:
    """The seat that a loaded model takes."""
    recipe = {"spectrogram": asdict(model.card.spectrogram), "windows": asdict(windows)}
    text = json.dumps(recipe, sort_keys=True)
    return Seat(model.card.name, model.digest, text, model.card.labels)


def analyses_of(
    result: Prediction | Comparison, seats: Sequence[Seat], keep_windows: bool
) -> tuple[Analysis, ...]:
    """A result as what a store keeps, a row a model."""
    predictions = result.predictions if isinstance(result, Comparison) else (result,)
    by_name = {seat.model: seat for seat in seats}
    found = []
    for one in predictions:
        seat = by_name[one.model]
        order = [one.labels.index(label) for label in seat.labels]
        windows = one.per_window[:, order] if keep_windows else None
        starts = one.window_starts if keep_windows else ()
        row, codes = one.probabilities[order], tuple(dict.fromkeys(n.code for n in one.notices))
        found.append(
            Analysis(seat, row, one.seconds, one.music, starts, windows, one.embedding, codes)
        )
    return tuple(found)
