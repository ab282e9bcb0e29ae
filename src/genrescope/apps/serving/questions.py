"""What is asked of a `Studio`, how far it is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from genrescope.audio import Change, parse_windows
from genrescope.types import Comparison, Prediction


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be found out about a recording.

    Attributes
    ----------
    models : tuple of str
        Names; ``all`` for every usable model, none for the default.
    windows : str
        ``all``, ``first``, ``centre`` or a number; checked when it is made.
    start, duration : float
        The stretch to look at, in seconds; to the end by default.
    changes : tuple of Change
        Made to the sound first; the answer's notices keep them.
    """

    models: tuple[str, ...] = ()
    windows: str = "all"
    start: float = 0.0
    duration: float | None = None
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        parse_windows(self.windows)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one recording is.

    Attributes
    ----------
    step : {'waiting', 'listening', 'looking', 'done'}
        Listening is decoding and drawing; looking is a network at work.
    heard_seconds : float
        Of the recording, decoded so far.
    length_seconds : float or None
        Of the recording, where the file states it.
    model : str
        Which network looks, or "".
    """

    step: Literal["waiting", "listening", "looking", "done"]
    heard_seconds: float = 0.0
    length_seconds: float | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of a `Question`, and what it cost.

    Attributes
    ----------
    result : Prediction or Comparison
    waited_seconds, worked_seconds : float
        Before the turn came, and in it.
    network_seconds : dict of str to float
        Time in each network, in the order asked.
    """

    result: Prediction | Comparison
    waited_seconds: float
    worked_seconds: float
    network_seconds: dict[str, float]


Tell = Callable[[Progress], None]
