"""Sound that is changed before it is looked at."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrescope.audio import BandPass, BandStop, Change, Gap, listen
from genrescope.types import AudioError, FloatArray, SilentAudioError
from tests.audio.sounds import noise, tone

RATE = 22050


def heard(path: Path, *changes: Change, start: float = 0.0) -> FloatArray:
    with listen(path, changes=changes, start=start) as recording:
        return np.concatenate(list(recording.blocks()))


def level_db(samples: FloatArray, low: float, high: float) -> float:
    """Power between two frequencies, in dB."""
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    hz = np.fft.rfftfreq(samples.size, 1 / RATE)
    inside = power[(hz >= low) & (hz <= high)]
    return float(10 * np.log10(inside.mean() + 1e-30))


@pytest.fixture
def hiss(tmp_path: Path) -> Path:
    path = tmp_path / "hiss.wav"
    soundfile.write(path, noise(RATE * 8), RATE, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("change", "out", "kept"),
    [
        (BandStop(1000, 2000), (1050, 1950), (3500, 10000)),
        (BandStop(0, 500), (50, 450), (1000, 10000)),
        (BandStop(4000, 99999), (4100, 10900), (100, 2000)),
        (BandPass(1000, 4000), (5000, 10000), (1500, 2500)),
        (BandPass(0, 1000), (1100, 10000), (50, 500)),
        (BandPass(2000, 99999), (50, 1900), (4000, 10000)),
    ],
    ids=str,
)
def test_a_band_is_gone_and_the_rest_is_not(
    hiss: Path, change: Change, out: tuple[float, float], kept: tuple[float, float]
) -> None:
    before, after = heard(hiss), heard(hiss, change)
    settled = slice(RATE, None)
    assert after.size == before.size
    assert level_db(after[settled], *out) < level_db(before[settled], *out) - 75
    assert level_db(after[settled], *kept) == pytest.approx(
        level_db(before[settled], *kept), abs=0.5
    )


def test_blocks_do_not_show(hiss: Path) -> None:
    changer = BandStop(1000, 2000).changer(RATE, 0.0)
    again = BandStop(1000, 2000).changer(RATE, 0.0)
    sound = noise(4000)
    pieces = np.concatenate([changer.push(part) for part in np.split(sound, [1, 700, 2500])])
    assert pieces == pytest.approx(again.push(sound), abs=1e-6)


def test_a_gap_is_silent_where_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(6, RATE), RATE, subtype="FLOAT")
    before, after = heard(path), heard(path, Gap(2, 4))
    assert not after[2 * RATE : 4 * RATE].any()
    assert np.array_equal(after[: 2 * RATE - 300], before[: 2 * RATE - 300])
    assert np.array_equal(after[4 * RATE + 300 :], before[4 * RATE + 300 :])
    assert np.abs(np.diff(after)).max() < 0.1
    later = heard(path, Gap(2, 4), start=3.0)
    assert not later[: RATE - 1].any()
    assert later[RATE + 300 :].any()


def test_a_result_says_what_was_changed(hiss: Path) -> None:
    with listen(hiss, changes=[BandStop(60, 250), Gap(1, 2)]) as recording:
        for _ in recording.blocks():
            pass
        assert [n.code for n in recording.notices][:2] == ["band-stop", "gap"]
        assert recording.notices[0].message == "heard without 60 to 250 Hz"


@pytest.mark.parametrize(
    ("low", "high"), [(5, 5), (9, 3), (-1, 3), (math.nan, 3), (0, math.inf), (1, math.nan)]
)
@pytest.mark.parametrize("kind", [BandStop, BandPass, Gap])
def test_what_is_no_change(kind: type[BandStop | BandPass | Gap], low: float, high: float) -> None:
    with pytest.raises(AudioError, match="from one value to a greater one"):
        kind(low, high)


def test_a_change_that_leaves_nothing_is_refused(hiss: Path) -> None:
    with pytest.raises(AudioError, match="nothing is left to hear"):
        heard(hiss, BandStop(0, 20000))
    with pytest.raises(AudioError, match="the sound ends at 11025 Hz"):
        heard(hiss, BandStop(12000, 14000))
    with pytest.raises(AudioError, match="nothing is left above 12000 Hz"):
        heard(hiss, BandPass(12000, 14000))
    with pytest.raises(SilentAudioError, match="silenced from 0 to 100 s: nothing is left to hear"):
        heard(hiss, Gap(0, 100))
    with pytest.raises(SilentAudioError, match="nothing is left"):
        heard(hiss, BandPass(100, 4000), Gap(2, 9), start=3)
    assert heard(hiss, Gap(0, 7.9)).any()
