from __future__ import annotations

import pytest

from genrescope.audio import ALL_WINDOWS, WindowChoice, parse_windows
from genrescope.types import AudioError


def test_words() -> None:
    assert parse_windows(" All ") == ALL_WINDOWS
    assert parse_windows("first") == WindowChoice("first")
    assert parse_windows("centre") == parse_windows("center") == WindowChoice("spread", 1)
    assert parse_windows("7") == WindowChoice("spread", 7)


@pytest.mark.parametrize("text", ["", "0", "-3", "2.5", "last", "³"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(AudioError, match="all, first, centre or a number"):
        parse_windows(text)


def test_indices() -> None:
    assert parse_windows("all").indices(9) is None
    assert parse_windows("first").indices(None) == frozenset({0})
    assert parse_windows("centre").indices(21) == frozenset({10})
    assert parse_windows("3").indices(21) == frozenset({3, 10, 17})
    assert parse_windows("30").indices(21) is None


def test_spread_gives_as_many_as_asked_for() -> None:
    for windows in range(2, 40):
        for count in range(1, windows):
            chosen = WindowChoice("spread", count).indices(windows)
            assert chosen is not None
            assert len(chosen) == count
            assert min(chosen) >= 0
            assert max(chosen) < windows
