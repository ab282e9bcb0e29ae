"""Which windows of a recording are looked at: `WindowChoice` and `parse_windows`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genrescope.types import AudioError, SpectrogramSpec

SHORTEST_STEP, LONGEST_STEP = 0.5, 60.0
"""Seconds from window to window that can be asked for."""


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """Which windows of a recording are looked at.

    Every choice but ``every`` is one among the windows that ``all`` would look at, with the same
    samples and the same 0 dB reference, so that a window's logits do not depend on the choice.

    Attributes
    ----------
    kind : {'all', 'first', 'spread', 'every'}
    count : int
        For ``spread``: how many, evenly over the recording; 1 is the one in the middle.
    seconds : float
        For ``every``: from the beginning of one window to that of the next.
    """

    kind: Literal["all", "first", "spread", "every"] = "all"
    count: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "every" and not SHORTEST_STEP <= self.seconds <= LONGEST_STEP:
            raise AudioError(
                f"windows may begin every {SHORTEST_STEP:g} to {LONGEST_STEP:g} s, not every "
                f"{self.seconds:g} s"
            )

    @property
    def needs_length(self) -> bool:
        """Whether the length must be known before the first window can be chosen."""
        return self.kind == "spread"

    def indices(self, windows: int | None) -> frozenset[int] | None:
        """Numbers of the windows to look at, of `windows` in all; None stands for all of them."""
        if self.kind == "first":
            return frozenset({0})
        if self.kind in ("all", "every") or windows is None or self.count >= windows:
            return None
        return frozenset((2 * i + 1) * windows // (2 * self.count) for i in range(self.count))


ALL_WINDOWS = WindowChoice()
"""Every window."""


def parse_windows(text: str) -> WindowChoice:
    """Read ``all``, ``first``, ``centre`` (or ``center``) or a number of windows.

    Raises
    ------
    AudioError
        It is none of them.

    >>> parse_windows("centre") == parse_windows("1")
    True
    """
    word = text.strip().lower()
    if word == "all":
        return ALL_WINDOWS
    if word == "first":
        return WindowChoice("first")
    if word in ("centre", "center"):
        return WindowChoice("spread", 1)
    if word.isascii() and word.isdigit() and len(word) < 10 and int(word) > 0:
        return WindowChoice("spread", int(word))
    raise AudioError(f"windows must be all, first, centre or a number from 1 on, not {text!r}")


def window_count(samples: int, spec: SpectrogramSpec) -> int:
    """Windows that `Cutter` makes of `samples` samples at the recipe's rate.

    >>> from genrescope.types import GENRESCOPE_MEL
    >>> window_count(1, GENRESCOPE_MEL), window_count(60 * 22050, GENRESCOPE_MEL)
    (1, 6)
    """
    if samples <= 0:
        return 0
    full, rest = divmod(samples, spec.window_samples)
    return max(1, full + (2 * rest >= spec.window_samples))
