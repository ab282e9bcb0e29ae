"""Pieces read one ahead: in order, never two at once, and nothing left running."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.audio import open_audio
from genrescope.audio.ahead import OneAhead
from genrescope.types import DecodeError

from .sounds import noise

RATE = 22050
WAIT_SECONDS = 60


def threads() -> int:
    return sum(thread.name.startswith("decoding") for thread in threading.enumerate())


class Numbers:
    """Gives 1, 2, 3…; each only when it may."""

    def __init__(self) -> None:
        self.begun = 0
        self.may = threading.Semaphore(0)

    def read(self) -> int:
        self.begun += 1
        number = self.begun
        assert self.may.acquire(timeout=WAIT_SECONDS)
        if number == 3:
            raise DecodeError("three")
        return number


def test_the_next_is_begun_when_one_is_taken_and_not_before() -> None:
    numbers = Numbers()
    ahead = OneAhead(numbers.read, lambda _: False)
    assert numbers.begun == 0
    numbers.may.release()
    assert ahead.take() == 1
    numbers.may.release()
    assert ahead.take() == 2
    numbers.may.release()
    with pytest.raises(DecodeError, match="three"):
        ahead.take()
    assert numbers.begun == 3  # behind an error nothing is read unasked
    numbers.may.release()
    assert ahead.take() == 4
    numbers.may.release()
    ahead.close()
    assert numbers.begun in (4, 5)  # what was begun may have been called off in time
    ahead.close()


def test_behind_the_last_nothing_is_read() -> None:
    pieces = iter([b"a", b"", b"b"])
    ahead = OneAhead(lambda: next(pieces), lambda piece: not piece)
    assert [ahead.take(), ahead.take()] == [b"a", b""]
    ahead.close()
    assert next(pieces) == b"b"


def test_settling_forgets_what_was_begun() -> None:
    pieces = iter(range(9))
    ahead = OneAhead(lambda: next(pieces), lambda _: False)
    assert ahead.take() == 0
    ahead.settle()
    assert ahead.take() in (1, 2)
    ahead.close()


def test_what_was_waited_for_when_ctrl_c_came_is_still_waited_for_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = Numbers()
    ahead = OneAhead(numbers.read, lambda _: False)
    numbers.may.release()
    ahead.take()
    coming = ahead._coming
    assert coming is not None
    while not coming.running():
        time.sleep(0.01)

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(coming, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ahead.take()
    closing = threading.Thread(target=ahead.close)
    closing.start()
    assert not coming.done()
    numbers.may.release()
    closing.join(WAIT_SECONDS)
    assert coming.done()
    assert not closing.is_alive()


def test_no_thread_outlives_its_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(20 * RATE), RATE)
    before = threads()
    with open_audio(path) as whole, open_audio(path, duration=0.1) as part:
        assert next(iter(part.blocks())).size
        samples = np.concatenate(list(whole.blocks()))
        assert threads() == before + 2
    assert threads() == before
    assert samples.size == 20 * RATE
