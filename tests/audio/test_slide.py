"""Windows that begin every so many seconds."""

from __future__ import annotations

import numpy as np
import pytest

from genrescope.audio import Chain, Span, WindowChoice
from genrescope.types import GENRESCOPE_MEL as SPEC
from genrescope.types import AudioError, FloatArray
from tests.audio.sounds import noise

WINDOW = SPEC.window_samples
HOP = SPEC.hop_length / SPEC.sample_rate


def slid(sound: FloatArray, step: float, block: int = 50_000) -> list[Span]:
    chain = Chain(SPEC.sample_rate, SPEC, WindowChoice("every", seconds=step))
    spans = []
    for first in range(0, sound.size, block):
        spans += chain.push(sound[first : first + block])
    return [*spans, *chain.finish()]


@pytest.mark.parametrize("step", [0.5, 2.0, 7.3, 10.0, 25.0])
@pytest.mark.parametrize("seconds", [10.1, 31.0, 95.0])
def test_windows_begin_every_step_and_reach_the_end(step: float, seconds: float) -> None:
    sound = noise(round(seconds * SPEC.sample_rate))
    spans = slid(sound, step)
    starts = [start for span in spans for start in span.window_starts(SPEC)]
    assert starts[0] == 0
    assert np.all(np.diff(starts) > 0)
    on_time = np.arange(len(starts)) * step
    assert np.abs(starts[:-1] - on_time[:-1]).max(initial=0) <= HOP / 2 + 1e-6
    left = sound.size / SPEC.sample_rate - WINDOW / SPEC.sample_rate - starts[-1]
    assert -1e-6 <= left <= step / 2 + HOP


def test_a_window_is_the_sound_that_it_says() -> None:
    sound = noise(70 * SPEC.sample_rate)
    for span in slid(sound, 3.0):
        for column, start in zip(span.window_columns, span.window_starts(SPEC), strict=True):
            first = column * SPEC.hop_length
            own = span.waveform.samples[first : first + WINDOW]
            place = round(start * SPEC.sample_rate)
            assert np.array_equal(own, sound[place : place + WINDOW])


@pytest.mark.parametrize("block", [999, 50_000, 10**7])
def test_blocks_do_not_matter(block: int) -> None:
    sound = noise(65 * SPEC.sample_rate)
    spans, whole = slid(sound, 2.0, block), slid(sound, 2.0, sound.size)
    assert [s.window_columns for s in spans] == [s.window_columns for s in whole]
    for span, other in zip(spans, whole, strict=True):
        assert np.array_equal(span.waveform.samples, other.waveform.samples)


def test_a_short_sound_is_repeated() -> None:
    (span,) = slid(noise(3000), 2.0)
    assert span.window_columns == (0,)
    assert span.waveform.samples.size == WINDOW
    assert not slid(noise(0), 2.0)


@pytest.mark.parametrize("step", [0.0, 0.4, 61.0, float("nan"), -1.0])
def test_a_step_that_cannot_be(step: float) -> None:
    with pytest.raises(AudioError, match=r"every 0\.5 to 60 s"):
        WindowChoice("every", seconds=step)
