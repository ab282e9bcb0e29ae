from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from genrescope.audio import Recording, Span, listen, parse_windows
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    AudioError,
    DecodeError,
    SilentAudioError,
)

from .sounds import Encode, Pipe, noise


def wav(samples: NDArray[np.generic], sample_rate: int = 22050, form: str = "WAV") -> io.BytesIO:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, format=form)
    file.seek(0)
    return file


def cut(recording: Recording, windows: str) -> list[Span]:
    chains = recording.chains([GENRESCOPE_MEL], parse_windows(windows))
    found = []
    for block in recording.blocks():
        found += chains.push(block)
        if chains.done:
            break
    found += chains.finish()
    return [span for _, span in found]


def test_it_counts_and_listens() -> None:
    with listen(wav(noise(33075))) as recording:
        assert recording.seconds == 0
        assert sum(block.size for block in recording.blocks()) == 33075
        assert recording.seconds == 1.5
        assert [notice.code for notice in recording.notices] == ["short"]


def test_blocks_come_once() -> None:
    with listen(wav(noise(1000))) as recording:
        list(recording.blocks())
        with pytest.raises(AudioError, match="once"):
            list(recording.blocks())
        with pytest.raises(AudioError, match="count before"):
            recording.total_samples()


def test_resampled() -> None:
    with listen(wav(noise(44100), 44100)) as recording:
        assert sum(block.size for block in recording.resampled(16000)) == 16000


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3", "OGG"])
@pytest.mark.parametrize("piped", [False, True])
def test_total_samples(form: str, piped: bool) -> None:
    file = wav(noise(22050 * 3), form=form)
    source = io.BufferedReader(Pipe(file.getvalue())) if piped else file
    with listen(source, start=0.5, duration=2.0) as recording:
        total = recording.total_samples()
        assert total == sum(block.size for block in recording.blocks()) == 44100
        assert recording.seconds == 2.0


def test_total_samples_of_a_film(encode: Encode) -> None:
    path = encode("film.mp4", noise(48000 * 2), 48000, "aac", picture=True)
    with listen(path) as recording:
        total = recording.total_samples()
        assert total == sum(block.size for block in recording.blocks())


@pytest.mark.parametrize("windows", ["first", "centre", "2", "4"])
def test_a_choice_changes_no_window(windows: str) -> None:
    file = wav(noise(44100 * 65), 44100, "FLAC")
    with listen(file) as recording:
        whole = {span.waveform.start: span for span in cut(recording, "all")}
    with listen(file) as recording:
        chosen = cut(recording, windows)
        if windows == "first":
            assert recording.seconds < 32  # stopped early
    assert sum(len(span.window_columns) for span in chosen) == {"2": 2, "4": 4}.get(windows, 1)
    for span in chosen:
        same = whole[span.waveform.start]
        np.testing.assert_array_equal(span.waveform.samples, same.waveform.samples)
        assert set(span.window_columns) <= set(same.window_columns)


def test_channels_that_cancel_are_silent_but_for_their_last_bit() -> None:
    """Half a step of 16 bits is left of them, here and there: no genre is in that."""
    left = (32767 * noise(22050)).astype(np.int16)
    both = wav(np.stack([left, -left - (np.arange(22050) % 3 == 0)], axis=1).astype(np.int16))
    with listen(both) as recording, pytest.raises(SilentAudioError, match="silent throughout"):
        list(recording.blocks())


def test_silence_is_refused_at_the_end() -> None:
    silence = wav(np.zeros(22050, dtype=np.float32))
    with listen(silence) as recording, pytest.raises(SilentAudioError, match="silent throughout"):
        list(recording.blocks())


def test_notices_of_both_ears() -> None:
    sound = noise(22050 * 11).astype(np.float32)
    sound[5] = np.nan
    sound[22050 * 4 :] = 0
    file = io.BytesIO()
    soundfile.write(file, sound, 22050, format="WAV", subtype="FLOAT")
    with listen(file) as recording:
        list(recording.blocks())
        assert [notice.code for notice in recording.notices] == ["non-finite", "mostly-silent"]


def test_errors_close_what_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "bad.mp3"
    path.write_bytes(b"words, words, words")
    with pytest.raises(DecodeError, match=r"bad\.mp3"):
        listen(path)  # a file left open would be a ResourceWarning, which is an error here


@pytest.mark.parametrize("rate", [8000, 192000, 384000])
def test_uncommon_rates(rate: int) -> None:
    with listen(wav(noise(rate * 2), rate)) as recording:
        [span] = cut(recording, "all")
    assert span.waveform.samples.size == GENRESCOPE_MEL.window_samples


def test_real_music_in_two_recipes(samples: Path) -> None:
    with listen(samples / "classical_sugar_plum.mp3") as recording:
        chains = recording.chains([GENRESCOPE_MEL, GENRESCOPE_CQT])
        found = [pair for block in recording.blocks() for pair in chains.push(block)]
        found += chains.finish()
    assert [span.window_columns for _, span in found] == [(0, 127), (0, 127)]
    assert found[0][1].waveform.source.endswith("classical_sugar_plum.mp3")


def test_importing_is_cheap() -> None:
    code = (
        "import sys, genrescope.audio; "
        "print(*({'av', 'soundfile', 'soxr', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_length_that_was_counted_keeps_what_was_found_on_the_way() -> None:
    """Windows spread over a FLAC that was cut off: its header promises four times as much."""
    whole = wav(noise(120 * 22050), form="FLAC").getvalue()
    with listen(io.BytesIO(whole[: len(whole) // 4])) as recording:
        spans = cut(recording, "2")
        assert sum(len(span.window_columns) for span in spans) == 2
        assert 20 < recording.whole_seconds < 40
        assert [n.code for n in recording.notices] == ["truncated"]
    with pytest.raises(AudioError, match=r"from 100 s on: it promises 120\.00 s, but ends before"):
        listen(io.BytesIO(whole[: len(whole) // 4]), start=100.0)
