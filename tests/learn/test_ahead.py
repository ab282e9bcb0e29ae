"""The next batch is made while the network learns, and is the one that would have been made."""

from __future__ import annotations

import threading

import pytest

from genrescope.learn.ahead import Ahead


def test_the_next_is_begun_and_the_one_after_the_last_is_not() -> None:
    begun: list[int] = []
    second = threading.Event()

    def make(step: int) -> int:
        begun.append(step)
        if step == 1:
            second.set()
        return step * step

    ahead = Ahead(make)
    assert ahead.take(0, last=2) == 0
    assert second.wait(10)  # nobody has asked for it yet
    assert [ahead.take(step, last=2) for step in (1, 2)] == [1, 4]
    assert begun == [0, 1, 2]


def test_a_step_out_of_turn_gets_its_own() -> None:
    ahead = Ahead(str)
    assert [ahead.take(step, last=9) for step in (0, 5, 6, 2)] == ["0", "5", "6", "2"]


def test_what_fails_ahead_is_raised_where_it_is_wanted() -> None:
    def make(step: int) -> int:
        if step == 1:
            raise OSError("gone")
        return step

    ahead = Ahead(make)
    assert ahead.take(0, last=3) == 0
    with pytest.raises(OSError, match="gone"):
        ahead.take(1, last=3)
    assert ahead.take(2, last=3) == 2
