"""Decoding apart: the same samples, and whatever befalls the process, an answer."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.fuzz.inventions import wav
from genrescope.apps.serving import Settings, Studio, Watch
from genrescope.apps.serving.apart import apart_sound
from genrescope.apps.serving.booths import Booths
from genrescope.audio import listen
from genrescope.types import (
    DecodeError,
    EmptyAudioError,
    SilentAudioError,
    StoppedError,
    TimeLimitError,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors are handed over")


@pytest.fixture(scope="module")
def booths() -> Iterator[Booths]:
    kept = Booths(1)
    yield kept
    kept.close()


def noise(seconds: float) -> bytes:
    values = np.random.default_rng(0).integers(-9000, 9000, int(seconds * 22050))
    return wav(1, 22050, 16, values.astype("<i2").tobytes())


def pid_of(booths: Booths) -> int:
    with booths._lock:
        pid = booths._idle[0].process.pid
    assert pid is not None
    return pid


def test_the_same_samples_and_notices(booths: Booths, samples: Path) -> None:
    for path in sorted(samples.glob("*.*")):
        if path.suffix == ".md":
            continue
        with path.open("rb") as file, apart_sound(booths, file, "song", Watch()) as sound:
            for start, duration in ((0.0, None), (0.7, 1.1)):
                with listen(sound, start=start, duration=duration) as apart:
                    heard = np.concatenate(list(apart.blocks()))
                    with listen(path, start=start, duration=duration) as here:
                        assert np.array_equal(heard, np.concatenate(list(here.blocks())))
                        assert apart.notices == here.notices
                        assert apart.info == here.info
                        assert apart.seconds == here.seconds


def test_one_process_does_for_many(booths: Booths, samples: Path) -> None:
    booths.warm()
    before = pid_of(booths)
    for _ in range(3):
        with (
            (samples / "jazz_vibe_ace.flac").open("rb") as file,
            apart_sound(booths, file, "song", Watch()) as sound,
            listen(sound) as recording,
        ):
            next(recording.blocks())  # and no more: it is told to stop
    assert pid_of(booths) == before


def test_errors_come_over_as_they_are(booths: Booths) -> None:
    cases = [(b"no sound", DecodeError), (wav(1, 22050, 16, b""), EmptyAudioError)]
    for content, kind in [*cases, (wav(1, 22050, 16, bytes(44100)), SilentAudioError)]:
        with (
            apart_sound(booths, io.BytesIO(content), "the song", Watch()) as sound,
            pytest.raises(kind, match="the song"),
            listen(sound) as recording,
        ):
            list(recording.blocks())


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_decoder_that_falls(booths: Booths, number: signal.Signals) -> None:
    booths.warm()
    pid = pid_of(booths)
    with apart_sound(booths, io.BytesIO(noise(60)), "bad.mp3", Watch()) as sound:
        with listen(sound) as recording:
            blocks = recording.blocks()
            next(blocks)
            os.kill(pid, number)
            with pytest.raises(DecodeError, match=rf"bad\.mp3: .* ended with .*{number.name}"):
                list(blocks)
        with listen(sound) as recording:  # another process takes its place
            assert sum(block.size for block in recording.blocks()) == 60 * 22050


def test_one_that_fell_while_idle_is_replaced(booths: Booths) -> None:
    booths.warm()
    pid = pid_of(booths)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with (
        apart_sound(booths, io.BytesIO(noise(1)), "x", Watch()) as sound,
        listen(sound) as recording,
    ):
        assert sum(block.size for block in recording.blocks()) == 22050


def test_a_decoder_that_hangs_ends_with_the_watch(booths: Booths) -> None:
    booths.warm()
    os.kill(pid_of(booths), signal.SIGSTOP)
    began = time.monotonic()
    with (
        apart_sound(booths, io.BytesIO(noise(1)), "x", Watch(1.0)) as sound,
        pytest.raises(TimeLimitError, match="not done within 1 s"),
    ):
        listen(sound)
    assert time.monotonic() - began < 30
    booths.warm()
    os.kill(pid_of(booths), signal.SIGSTOP)
    watch = Watch()
    watch.stop()
    with (
        apart_sound(booths, io.BytesIO(noise(1)), "x", watch) as sound,
        pytest.raises(StoppedError),
    ):
        listen(sound)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system shows no limits")
def test_time_on_the_processor_is_limited(booths: Booths) -> None:
    with apart_sound(booths, io.BytesIO(noise(60)), "x", Watch(30.0)) as sound, listen(sound):
        pass
    pid = pid_of(booths)
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    limit = int(next(line for line in limits if line.startswith("Max cpu time")).split()[3])
    assert 30 < limit < 90
    watch = Watch(30.0)
    with (
        apart_sound(booths, io.BytesIO(noise(60)), "x", watch) as sound,
        listen(sound) as recording,
    ):
        blocks = recording.blocks()
        next(blocks)
        os.kill(pid, signal.SIGXCPU)  # as the system does when it is used up
        with pytest.raises(TimeLimitError, match="more than 30 s of the processor's time"):
            list(blocks)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems map other amounts")
def test_memory_is_limited() -> None:
    content = wav(1000, 22050, 16, np.ones(1000 * 30_000, dtype="<i2").tobytes())
    small = Booths(1, memory_bytes=400 * 2**20)
    try:
        with (
            apart_sound(small, io.BytesIO(content), "wide.wav", Watch()) as sound,
            pytest.raises(DecodeError, match=r"wide\.wav: .*memory.* \(0\.4 GiB\)"),
        ):
            listen(sound)
        with (
            apart_sound(small, io.BytesIO(noise(1)), "x", Watch()) as sound,
            listen(sound) as recording,
        ):
            assert list(recording.blocks())
    finally:
        small.close()


def test_a_studio_decodes_apart_unless_told(samples: Path) -> None:
    path = samples / "country_short_1s5.mp3"
    results = []
    for apart in (True, False):
        with Studio(["mobilenetv3_mel"], Settings(workers=1, decode_apart=apart)) as studio:
            results.append(studio.classify(path).result)
            assert len(studio.workbench.booths._idle) == apart
        assert studio.workbench.booths._idle == []
    assert np.array_equal(results[0].per_window, results[1].per_window)  # type: ignore[union-attr]
