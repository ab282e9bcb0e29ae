from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio import ALL_WINDOWS, Cutter, Span, WindowChoice, spans, window_count
from genrescope.types import AudioError, FloatArray, SpectrogramSpec

WINDOW, SPAN = 80, 240
SPEC = SpectrogramSpec("mel", 100, 8, 10, 16, 0.0, 50.0, window_seconds=0.8, reference_seconds=2.4)


def cut(
    samples: int, choice: WindowChoice = ALL_WINDOWS, block: int = 37, start: float = 0.0
) -> list[Span]:
    ramp = np.arange(samples, dtype=np.float32)
    blocks = (ramp[i : i + block] for i in range(0, samples, block))
    return list(spans(blocks, SPEC, choice, total_samples=samples, start=start))


def layout(found: list[Span]) -> list[tuple[float, int, tuple[int, ...]]]:
    return [
        (round(s.waveform.start * 100), s.waveform.samples.size, s.window_columns) for s in found
    ]


def test_the_recipe_of_these_tests() -> None:
    assert (SPEC.window_samples, SPEC.windows_per_span, SPEC.frames) == (WINDOW, 3, 8)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (1, [(0, 80, (0,))]),
        (79, [(0, 80, (0,))]),
        (80, [(0, 80, (0,))]),
        (119, [(0, 80, (0,))]),  # less than half a window behind the first: not looked at
        (120, [(0, 120, (0, 4))]),  # half a window: one more, aligned to the end
        (160, [(0, 160, (0, 8))]),
        (203, [(0, 203, (0, 8, 12))]),
        (240, [(0, 240, (0, 8, 16))]),
        (279, [(0, 240, (0, 8, 16))]),
        (280, [(0, 240, (0, 8, 16)), (200, 80, (0,))]),  # the last span reaches back
        (319, [(0, 240, (0, 8, 16)), (239, 80, (0,))]),
        (320, [(0, 240, (0, 8, 16)), (240, 80, (0,))]),
        (480, [(0, 240, (0, 8, 16)), (240, 240, (0, 8, 16))]),
    ],
)
def test_layout(samples: int, expected: list[tuple[float, int, tuple[int, ...]]]) -> None:
    assert layout(cut(samples)) == expected


def test_short_sound_is_repeated() -> None:
    [span] = cut(30)
    np.testing.assert_array_equal(span.waveform.samples, np.arange(80) % 30)


def test_nothing_gives_nothing() -> None:
    assert cut(0) == []


@settings(max_examples=80, deadline=None)
@given(samples=st.integers(1, 1500), block=st.integers(1, 700))
def test_laws(samples: int, block: int) -> None:
    found = cut(samples, block=block)
    assert layout(found) == layout(cut(samples, block=10_000))
    assert sum(len(span.window_columns) for span in found) == window_count(samples, SPEC)
    covered = np.zeros(max(samples, WINDOW), dtype=bool)
    for span in found:
        begin, sound = round(span.waveform.start * 100), span.waveform.samples
        if samples >= WINDOW:
            np.testing.assert_array_equal(sound, np.arange(begin, begin + sound.size))
        assert sound.dtype == np.float32
        assert sound.size <= SPAN
        for column in span.window_columns:
            assert column + SPEC.frames <= 1 + sound.size // SPEC.hop_length
            covered[begin + column * 10 : begin + column * 10 + WINDOW] = True
    # All is looked at, but for less than half a window (and less than a column) at the end.
    assert covered.size - covered.sum() < WINDOW / 2 + SPEC.hop_length


@settings(max_examples=80, deadline=None)
@given(
    samples=st.integers(1, 1500),
    choice=st.one_of(
        st.just(WindowChoice("first")),
        st.builds(WindowChoice, st.just("spread"), st.integers(1, 8)),
    ),
)
def test_every_choice_is_one_among_all(samples: int, choice: WindowChoice) -> None:
    whole = {span.waveform.start: span for span in cut(samples)}
    windows = 0
    for span in cut(samples, choice):
        same = whole[span.waveform.start]
        np.testing.assert_array_equal(span.waveform.samples, same.waveform.samples)
        assert set(span.window_columns) <= set(same.window_columns)
        windows += len(span.window_columns)
    wanted = 1 if choice.kind == "first" else min(choice.count, window_count(samples, SPEC))
    assert windows == wanted


def test_first_stops_early() -> None:
    taken: list[FloatArray] = []

    def endless() -> Iterator[FloatArray]:
        while True:
            taken.append(np.zeros(100, dtype=np.float32))
            yield taken[-1]

    assert layout(list(spans(endless(), SPEC, WindowChoice("first")))) == [(0, 240, (0,))]
    assert len(taken) == 3


def test_done() -> None:
    cutter = Cutter(SPEC, WindowChoice("spread", 1), total_samples=960)  # 12 windows: number 6
    sound = np.zeros(240, dtype=np.float32)
    assert [len(cutter.push(sound)) for _ in range(3)] == [0, 0, 1]
    assert cutter.done
    assert cutter.push(sound) == cutter.finish() == []
    everything = Cutter(SPEC)
    everything.push(sound)
    assert not everything.done


def test_spreading_needs_the_length() -> None:
    with pytest.raises(AudioError, match="length"):
        Cutter(SPEC, WindowChoice("spread", 2))


def test_times_are_of_the_source() -> None:
    spans_found = cut(500, start=60.0)
    assert spans_found[1].waveform.start == pytest.approx(62.4)
    assert spans_found[1].window_starts(SPEC) == pytest.approx((62.4, 63.2, 64.0))
