"""Clean-up before a recording is looked at: what it takes away, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.audio import (
    BandPass,
    Change,
    Denoise,
    KeptBand,
    Trim,
    listen,
    parse_windows,
    read_cleaning,
)
from genrescope.types import GENRESCOPE_MEL, AudioError, FloatArray, SilentAudioError

RATE = 22050


def heard(change: Change, sound: FloatArray, block: int = 5000) -> FloatArray:
    changer = change.changer(RATE, 0.0)
    parts = [changer.push(sound[at : at + block]) for at in range(0, sound.size, block)]
    whole: FloatArray = np.concatenate([*parts, changer.finish()])
    return whole


def music(seconds: float) -> FloatArray:
    times = np.arange(round(seconds * RATE)) / RATE
    notes = [
        np.sin(2 * np.pi * hz * times) * (np.sin(2 * np.pi * (1 + place / 3) * times) > 0)
        for place, hz in enumerate((220, 331, 523, 880))
    ]
    song: FloatArray = (0.1 * np.sum(notes, axis=0)).astype(np.float32)
    return song


def error(first: FloatArray, second: FloatArray) -> float:
    middle = slice(RATE, -RATE // 2)
    return float(np.sqrt(np.mean((first[middle] - second[middle]) ** 2)))


def test_noise_goes_down_and_music_stays_in_its_place() -> None:
    clean = music(5)
    noise = 0.01 * np.random.default_rng(0).standard_normal(clean.size).astype(np.float32)
    less = heard(Denoise(), clean + noise)
    assert less.size == clean.size
    assert error(less, clean) < 0.6 * error(clean + noise, clean)
    assert np.array_equal(less, heard(Denoise(), clean + noise, 777))


def test_a_band_is_kept_gently() -> None:
    def level(hz: float) -> float:
        tone = np.sin(2 * np.pi * hz * np.arange(3 * RATE) / RATE).astype(np.float32)
        power = np.mean(heard(KeptBand(100, 4000), tone)[RATE:] ** 2) / np.mean(tone**2)
        return float(10 * np.log10(power))

    assert level(25) < -40
    assert level(100) == pytest.approx(-3, abs=0.2)
    assert level(600) == pytest.approx(0, abs=0.1)
    assert level(4000) == pytest.approx(-3, abs=0.2)
    assert level(10000) < -30
    hiss = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert heard(KeptBand(), hiss).size == hiss.size


def test_silence_is_trimmed_and_times_stay(tmp_path: Path) -> None:
    gap = np.zeros(2 * RATE, dtype=np.float32)
    loud = np.full(11 * RATE, 0.5, dtype=np.float32)
    sound = np.concatenate([gap, loud, gap, loud, gap, gap])
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    with listen(tmp_path / "a.wav", changes=[Trim()]) as recording:
        assert recording.start == pytest.approx(1.95, abs=1e-3)
        total = recording.total_samples()
        chains = recording.chains([GENRESCOPE_MEL], parse_windows("1"))
        kept, starts = [], []
        for block in recording.blocks():
            kept.append(block)
            starts += [s.window_starts(spec) for spec, s in chains.push(block)]
        starts += [s.window_starts(spec) for spec, s in chains.finish()]
        assert [notice.code for notice in recording.notices] == ["trimmed"]
    assert np.concatenate(kept).size == total
    assert total / RATE == pytest.approx(24.1, abs=1e-3)
    assert starts[0][0] > 1.95
    with listen(tmp_path / "a.wav", start=1.0, duration=4.0, changes=[Trim()]) as part:
        assert sum(block.size for block in part.blocks()) / RATE == pytest.approx(3.05, abs=1e-3)


def test_all_of_it_in_a_row(tmp_path: Path) -> None:
    """What trimming holds back reaches the filters after it, or nobody."""
    gap = np.zeros(3 * RATE, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([gap, music(4), gap, music(4), gap]), RATE)
    with listen(tmp_path / "a.wav", changes=read_cleaning(everything=True)) as recording:
        total = recording.total_samples()
        kept = np.concatenate(list(recording.blocks()))
    assert kept.size == total
    assert 10 < total / RATE < 11.2
    assert np.abs(kept).max() > 0.1


def test_nothing_but_silence_is_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE, dtype=np.float32), RATE)
    with listen(tmp_path / "a.wav", changes=[Trim()]) as silent, pytest.raises(SilentAudioError):
        list(silent.blocks())


def test_what_is_too_quiet_throughout_leaves_nothing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 5e-4 * music(4), RATE, subtype="FLOAT")
    with (
        listen(tmp_path / "a.wav", changes=[Trim()]) as quiet,
        pytest.raises(SilentAudioError, match="nothing is left"),
    ):
        list(quiet.blocks())


def test_silence_is_trimmed_however_long_it_is(tmp_path: Path) -> None:
    rate = 4000
    sound = np.concatenate([music(3)[: 3 * rate], np.zeros(320 * rate, dtype=np.float32)])
    soundfile.write(tmp_path / "a.wav", sound, rate)
    with listen(tmp_path / "a.wav", changes=[Trim()]) as recording:
        assert sum(block.size for block in recording.blocks()) <= 3.1 * rate
        assert [notice.code for notice in recording.notices] == ["trimmed", "short", "band-limited"]
        assert recording.whole_seconds == pytest.approx(3.05, abs=0.06)


def test_what_a_filter_leaks_is_no_sound(tmp_path: Path) -> None:
    time = np.arange(20 * RATE) / RATE
    fade = np.clip(np.minimum(time, 20 - time), 0, 1)
    soundfile.write(tmp_path / "a.wav", 0.1 * fade * np.sin(2 * np.pi * 440 * time), RATE)
    with (
        listen(tmp_path / "a.wav", changes=[BandPass(5000, 8000)]) as recording,
        pytest.raises(SilentAudioError, match="nothing is left"),
    ):
        list(recording.blocks())


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in ((0, 100), (200, 100), (100, float("nan"))):
        with pytest.raises(AudioError, match="band to keep"):
            KeptBand(*wrong)
    with pytest.raises(AudioError, match="97 dB"):
        Denoise(-1)
    with pytest.raises(AudioError, match="noise lies"):
        Denoise(12, 0)
    with pytest.raises(AudioError, match="below 0 dB"):
        Trim(3)
    with pytest.raises(AudioError, match="sound ends at 4000 Hz"):
        KeptBand(5000, 6000).changer(8000, 0.0)
    assert read_cleaning() == ()
    assert read_cleaning((50, 60), everything=True)[1] == KeptBand(50, 60)
