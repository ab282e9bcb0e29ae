from __future__ import annotations

from dataclasses import replace

import numpy as np

from genrescope.audio import Chain, Chains, parse_windows, resample, spans
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, SpectrogramSpec

from .sounds import noise

OTHER = SpectrogramSpec("mel", 16000, 64, 512, 1024, 0, 8000, window_seconds=3, reference_seconds=3)


def test_lockstep_gives_what_each_recipe_gives_alone() -> None:
    sound = noise(44100 * 47)
    blocks = [sound[i : i + 30000] for i in range(0, sound.size, 30000)]
    chains = Chains(44100, [GENRESCOPE_MEL, OTHER, GENRESCOPE_CQT, GENRESCOPE_MEL])
    assert chains.specs == (GENRESCOPE_MEL, OTHER, GENRESCOPE_CQT)
    found = [pair for block in blocks for pair in chains.push(block)] + chains.finish()
    for spec in chains.specs:
        together = [span for of, span in found if of == spec]
        alone = list(spans(resample(blocks, 44100, spec.sample_rate), spec))
        chain = Chain(44100, spec)
        single = [span for block in blocks for span in chain.push(block)] + chain.finish()
        assert len(together) == len(alone) == len(single) > 1
        for one, two, three in zip(together, alone, single, strict=True):
            assert one.window_columns == two.window_columns == three.window_columns
            np.testing.assert_array_equal(one.waveform.samples, two.waveform.samples)
            np.testing.assert_array_equal(one.waveform.samples, three.waveform.samples)


def test_done_only_when_the_slowest_is() -> None:
    quick = replace(OTHER, window_seconds=1.024, reference_seconds=1.024)
    chains = Chains(16000, [quick, OTHER], parse_windows("first"))
    second = noise(16000)
    assert [len(chains.push(second)) for _ in range(4)] == [0, 1, 1, 0][:4] or chains.done
    assert chains.done
    assert chains.finish() == []


def test_lengths_are_turned_into_each_rate() -> None:
    sound = noise(8000 * 40)
    chain = Chain(8000, OTHER, parse_windows("3"), total_samples=sound.size)
    found = chain.push(sound) + chain.finish()
    starts = [round(span.window_starts(OTHER)[0]) for span in found]
    assert len(starts) == 3
    assert starts == sorted(starts)
    assert starts[1] in range(17, 23)
