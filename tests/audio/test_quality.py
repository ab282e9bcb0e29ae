from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from genrescope.audio import QualityMeter, listen
from genrescope.types import FloatArray, SilentAudioError

from .sounds import noise

RATE = 44100


def heard(sound: FloatArray, sample_rate: int = RATE, block: int = 10007) -> dict[str, float]:
    meter = QualityMeter(sample_rate)
    for i in range(0, sound.size, block):
        meter.push(sound[i : i + block])
    return {notice.code: notice.value for notice in meter.notices()}


def lowpassed(hz: float) -> FloatArray:
    taps = scipy.signal.firwin(511, hz, fs=RATE, window=("kaiser", 12.0))
    return np.convolve(noise(RATE * 11), taps, mode="same").astype(np.float32)


def test_clean_sound_needs_no_notice() -> None:
    assert heard(noise(RATE * 11)) == {}


@pytest.mark.parametrize("hz", [4000, 8000, 11025, 13000])
def test_a_low_pass_filter_is_noticed(hz: float) -> None:
    found = heard(lowpassed(hz))
    assert set(found) == {"band-limited"}
    assert found["band-limited"] == pytest.approx(hz, abs=700)


def test_of_a_long_sound_not_every_frame_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    from genrescope.audio import quality

    everything = heard(lowpassed(7000))
    monkeypatch.setattr(quality, "_ALL_SECONDS", 1.0)
    assert heard(lowpassed(7000)) == everything
    late = np.concatenate([np.zeros(2 * RATE, dtype=np.float32), lowpassed(7000)])
    assert heard(late)["band-limited"] == pytest.approx(everything["band-limited"], abs=1)


def test_a_low_pass_at_16_khz_is_nothing_to_worry_about() -> None:
    assert heard(lowpassed(16000)) == {}


def test_a_slope_is_no_cliff() -> None:
    freq = np.fft.rfftfreq(RATE * 11, 1 / RATE)
    dark = np.fft.irfft(np.fft.rfft(noise(RATE * 11)) * 10 ** (-freq / 1000 * 8 / 20))
    assert heard((dark / np.abs(dark).max()).astype(np.float32)) == {}


def test_a_pure_tone_is_not_called_upsampled() -> None:
    time = np.arange(RATE * 11) / RATE
    assert heard((0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)) == {}


def test_low_rates_are_noticed() -> None:
    assert heard(noise(8000 * 11), 8000) == {"band-limited": 4000.0}
    assert heard(noise(22050 * 11), 22050) == {}


def test_clipping() -> None:
    sound = noise(RATE * 11, gain=1.0)
    smooth = np.convolve(sound, np.ones(8) / 2, mode="same")
    assert heard(np.clip(smooth, -1, 1).astype(np.float32))["clipping"] > 0.05
    assert "clipping" not in heard(np.clip(sound * 0.34, -1, 1).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(flags=st.lists(st.booleans(), min_size=1, max_size=120), block=st.integers(1, 50))
def test_runs_are_counted_across_blocks(flags: list[bool], block: int) -> None:
    meter = QualityMeter(RATE)
    sound = np.array(flags, dtype=np.float32)
    for i in range(0, sound.size, block):
        meter.push(sound[i : i + block])
    runs = "".join("#" if flag else " " for flag in flags).split()
    expected = sum(len(run) for run in runs if len(run) >= 3)
    assert meter._clipping.counted == expected


def test_mostly_silent() -> None:
    sound = noise(RATE * 12)
    sound[: RATE * 8] *= 1e-4
    assert heard(sound)["mostly-silent"] == pytest.approx(8 / 12, abs=0.01)


def test_short() -> None:
    meter = QualityMeter(RATE)
    meter.push(noise(RATE * 3 // 2))
    [notice] = meter.notices()
    assert notice.code == "short"
    assert notice.message == "1.5 s of sound, repeated to fill a 10 s window"


def test_silence_is_refused() -> None:
    meter = QualityMeter(RATE)
    meter.check_audible()  # nothing heard yet
    meter.push(np.full(RATE, 2e-6, dtype=np.float32))
    with pytest.raises(SilentAudioError, match=r"hush\.wav: silent throughout \(1\.0 s\)"):
        meter.check_audible("hush.wav")
    meter.push(noise(10))
    meter.check_audible()


@pytest.mark.parametrize("count", [1, RATE])
def test_what_never_moves_is_refused(count: int) -> None:
    meter = QualityMeter(RATE)
    for part in np.array_split(np.full(count, 0.5, dtype=np.float32), 3):
        meter.push(part)
    with pytest.raises(SilentAudioError, match=r"dc\.wav: one value throughout \(0\.5, "):
        meter.check_audible("dc.wav")
    meter.push(np.full(1, 0.25, dtype=np.float32))
    meter.check_audible()


@pytest.mark.parametrize("samples_heard", [0, 1, 2, 100])
def test_next_to_nothing(samples_heard: int) -> None:
    assert set(heard(noise(samples_heard))) <= {"short"}


@pytest.mark.parametrize(
    ("clip", "codes"),
    [
        ("jazz_vibe_ace.flac", []),
        ("classical_sugar_plum.mp3", []),
        ("blues_black_bass.ogg", []),
        ("latin_casa_bossa_nova.m4a", []),
        ("electronic_its_simple_8k_mono.wav", ["band-limited"]),
        ("country_short_1s5.mp3", ["short"]),
    ],
)
def test_real_music(samples: Path, clip: str, codes: list[str]) -> None:
    with listen(samples / clip) as recording:
        for _ in recording.blocks():
            pass
        assert [notice.code for notice in recording.notices] == codes
