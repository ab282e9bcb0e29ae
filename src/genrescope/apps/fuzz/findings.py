"""What a fuzzing run tells: `Case`, `Finding` and `Round`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FindingKind = Literal["traceback", "crash", "hang", "memory", "left behind", "disagreement"]
"""What must not happen.

``traceback``: an error that is none of Genrescope's, or a server's 500. ``crash``: a process died,
be it one that is there to die. ``left behind``: a file or an open handle. ``disagreement``: one
door takes what another refuses.
"""

SCANNED, SERVED, CALLED, TYPED, OPENED = "scan", "REST", "library", "command line", "model"
DOORS = (SCANNED, SERVED, CALLED, TYPED)
"""In this order: a crash is met first where it is contained."""


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile file.

    Attributes
    ----------
    name : bytes
        As a folder lists it.
    content : bytes
    recipe : tuple of str
        What it was made from, and how it was spoilt.
    """

    name: bytes
    content: bytes
    recipe: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen, and where to see it again.

    Attributes
    ----------
    kind : FindingKind
    door : str
    recipe : tuple of str
    detail : str
    """

    kind: FindingKind
    door: str
    recipe: tuple[str, ...]
    detail: str


@dataclass(slots=True)
class Round:
    """What came of some files that were sent through all doors together.

    Attributes
    ----------
    number : int
        With the seed it makes the same files again.
    cases : int
        Files times doors.
    answers : dict of str to int
        Names of errors, and ``answered``.
    findings : list of Finding
    seconds, slowest_seconds : float
        Of all, and of one file at one door.
    peak_bytes : int
        Of resident memory.
    """

    number: int
    cases: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    peak_bytes: int = 0

    def count(self, answer: str, seconds: float = 0.0) -> None:
        """Take note of one case."""
        self.cases += 1
        self.answers[answer] = self.answers.get(answer, 0) + 1
        self.slowest_seconds = max(self.slowest_seconds, seconds)

    def to_plain(self) -> dict[str, Any]:
        """As what JSON can write."""
        return asdict(self)


def read_round(plain: dict[str, Any]) -> Round:
    """The way back from `Round.to_plain`.

    Examples
    --------
    >>> read_round(Round(3, cases=1).to_plain()).cases
    1
    """
    found = [
        Finding(f["kind"], f["door"], tuple(f["recipe"]), f["detail"]) for f in plain["findings"]
    ]
    return Round(**{**plain, "findings": found})
