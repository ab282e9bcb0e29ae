from __future__ import annotations

import io
import os
import re
import struct
import threading
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genrescope.audio import AudioStream, open_audio
from genrescope.audio.ffmpeg import FfmpegDecoder
from genrescope.audio.info import CHUNK_FRAMES
from genrescope.audio.levels import CEILING
from genrescope.types import AudioError, DecodeError, EmptyAudioError, FloatArray

from .sounds import Encode, Pipe, noise, tone

RATE = 22050


def read(source: Any, **options: Any) -> tuple[FloatArray, AudioStream]:
    with open_audio(source, **options) as stream:
        return np.concatenate(list(stream.blocks())), stream


def codes(stream: AudioStream) -> list[str]:
    return [notice.code for notice in stream.notices]


def headless_mp3(samples: FloatArray, kilobits: int) -> bytes:
    """An MP3 of constant bit rate with neither tags nor a count of its frames."""
    import av

    file = io.BytesIO()
    options = {"write_xing": "0", "id3v2_version": "0"}
    with av.open(file, "w", format="mp3", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=44100, layout="mono")
        stream.bit_rate = 1000 * kilobits
        for begin in range(0, samples.size, 1152):
            frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1152], "fltp", "mono")
            frame.sample_rate, frame.pts = 44100, begin
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def wav(samples: FloatArray, sample_rate: int = RATE, subtype: str = "FLOAT") -> io.BytesIO:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, format="WAV", subtype=subtype)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        ("wav", "PCM_16"),
        ("wav", "PCM_U8"),
        ("flac", "PCM_24"),
        ("aiff", "PCM_16"),
        ("ogg", "VORBIS"),
        ("mp3", "MPEG_LAYER_III"),
    ],
)
def test_libsndfile_reads(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"sound.{suffix}"
    sound = tone(2.0, 44100)
    soundfile.write(path, np.stack([sound, sound], axis=1), 44100, subtype=subtype)
    samples, stream = read(path)
    assert stream.info.decoder == "soundfile"
    assert (stream.info.sample_rate, stream.info.channels) == (44100, 2)
    assert stream.info.seconds == pytest.approx(2.0, abs=0.06)
    assert stream.notices == ()
    assert samples.dtype == np.float32
    assert samples.size == pytest.approx(88200, abs=2400)
    assert np.sqrt(np.mean(samples[4000:80000] ** 2)) == pytest.approx(0.3535, abs=0.025)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.m4a", "aac", {}),
        ("a.aac", "aac", {}),
        ("a.webm", "libopus", {}),
        ("a.mov", "pcm_s16le", {}),
        ("film.mp4", "aac", {"picture": True}),
    ],
)
def test_ffmpeg_reads(encode: Encode, name: str, codec: str, options: dict[str, Any]) -> None:
    sound = tone(2.0, 48000)
    path = encode(name, np.stack([sound, sound], axis=1), 48000, codec, **options)
    samples, stream = read(path)
    assert stream.info.decoder == "FFmpeg"
    assert (stream.info.sample_rate, stream.info.channels) == (48000, 2)
    assert samples.size == pytest.approx(96000, abs=3000)
    assert np.sqrt(np.mean(samples[6000:80000] ** 2)) == pytest.approx(0.3535, abs=0.02)
    assert stream.notices == ()


@pytest.mark.parametrize(
    ("clip", "decoder", "seconds"),
    [
        ("jazz_vibe_ace.flac", "soundfile", 15.0),
        ("classical_sugar_plum.mp3", "soundfile", 20.0),
        ("reggae_thief_in_the_night.ogg", "soundfile", 20.0),
        ("latin_casa_bossa_nova.m4a", "FFmpeg", 20.0),
        ("electronic_its_simple_8k_mono.wav", "soundfile", 15.0),
    ],
)
def test_real_music(samples: Path, clip: str, decoder: str, seconds: float) -> None:
    sound, stream = read(samples / clip)
    assert stream.info.decoder == decoder
    assert sound.size / stream.info.sample_rate == pytest.approx(seconds, abs=0.03)
    assert 0.05 < np.abs(sound).max() < 1.5
    assert stream.notices == ()


@pytest.mark.parametrize("clip", ["latin_casa_bossa_nova.m4a", "classical_sugar_plum.mp3"])
@pytest.mark.parametrize("start", [0.5, 7.123])
def test_start_and_duration_cut_where_they_say(samples: Path, clip: str, start: float) -> None:
    whole, stream = read(samples / clip)
    part, _ = read(samples / clip, start=start, duration=2.0)
    begin = round(start * stream.info.sample_rate)
    assert part.size == 2 * stream.info.sample_rate
    # AAC fills bands with random noise, so that two passes are alike but not the same.
    assert np.corrcoef(part, whole[begin : begin + part.size])[0, 1] > 0.99


def test_start_and_duration_are_exact_in_wav() -> None:
    sound = noise(RATE * 3)
    part, _ = read(wav(sound), start=1.25, duration=0.5)
    begin = round(1.25 * RATE)
    np.testing.assert_array_equal(part, sound[begin : begin + RATE // 2])


def test_a_duration_beyond_all_numbers_is_the_whole() -> None:
    assert read(wav(tone(1, RATE)), duration=1e305)[0].size == RATE


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_start_behind_the_end_says_how_long_the_file_is(encode: Encode, suffix: str) -> None:
    source: Any = wav(tone(2.0, 48000), 48000)
    if suffix == "m4a":
        source = encode("a.m4a", tone(2.0, 48000), 48000, "aac")
    with pytest.raises(EmptyAudioError, match=r"nothing from 60 s on: the file is 2\.\d\d s long"):
        open_audio(source, start=60)


@pytest.mark.parametrize(("start", "duration"), [(-1, None), (0, 0), (0, -2), (float("nan"), 1)])
def test_senseless_spans_are_refused(start: float, duration: float | None) -> None:
    with pytest.raises(AudioError, match="must be"):
        open_audio(wav(tone(1, RATE)), start=start, duration=duration)


@pytest.mark.parametrize(
    "name", ["two\nlines.wav", "🎷 smooth.wav", "-rf.wav", "a:b.wav", "%d.wav", "x" * 251 + ".wav"]
)
def test_hostile_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(wav(tone(1, RATE)).getvalue())
    samples, stream = read(path)
    assert samples.size == RATE
    assert "\n" not in stream.name
    path.write_bytes(b"no sound")
    with pytest.raises(DecodeError) as caught:
        open_audio(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["mp3", "txt", "m4a", ""])
def test_extensions_have_no_say(tmp_path: Path, encode: Encode, suffix: str) -> None:
    path = tmp_path / f"sound.{suffix}"
    path.write_bytes(wav(tone(1, RATE)).getvalue())
    assert read(path)[1].info.container == "wav"
    path.write_bytes(encode("b.mp4", tone(1, 48000), 48000, "aac").read_bytes())
    assert read(path)[1].info.codec == "aac"


def test_behind_a_damaged_stretch_ffmpeg_reads_on(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(8 * RATE), RATE, format="MP3", subtype="MPEG_LAYER_III")
    whole = file.getvalue()
    damaged = bytearray(whole)
    for place in range(len(whole) // 4, len(whole) // 4 + 2000, 50):
        damaged[place : place + 25] = np.random.default_rng(place).bytes(25)
    (tmp_path / "whole.mp3").write_bytes(whole)
    (tmp_path / "damaged.mp3").write_bytes(damaged)
    wanted, stream = read(tmp_path / "whole.mp3")
    assert "truncated" not in codes(stream)
    samples, stream = read(tmp_path / "damaged.mp3")
    alone = soundfile.SoundFile(io.BytesIO(damaged)).read()
    assert len(alone) < 0.5 * len(wanted) < 0.9 * len(samples)
    told = [n.message for n in stream.notices if n.code == "truncated"]
    assert len(told) == 1
    assert re.search(r"libsndfile stopped at [12]\.\d s, FFmpeg read on", told[0])


def test_a_hole_in_an_ogg_is_not_filled_with_what_was_heard_already(tmp_path: Path) -> None:
    """libsndfile closes the hole and goes on to the end: its count of samples names no place."""
    file = io.BytesIO()
    soundfile.write(file, noise(12 * RATE), RATE, format="OGG", subtype="VORBIS")
    whole = file.getvalue()
    holed = whole[: len(whole) // 4] + whole[len(whole) // 2 :]
    (tmp_path / "holed.ogg").write_bytes(holed)
    samples, stream = read(tmp_path / "holed.ogg")
    assert 0.5 * 12 * RATE < len(samples) < 0.8 * 12 * RATE
    assert not any("FFmpeg read on" in n.message for n in stream.notices)


class Interrupting(io.BytesIO):
    """Ctrl-C while libsndfile asks for more."""

    left = 20

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def test_opus_is_read_to_its_end(tmp_path: Path, encode: Encode) -> None:
    """libsndfile 1.2.2 takes Opus that FFmpeg wrote for malformed after some seconds."""
    path = encode("a.opus", noise(14 * 48000)[:, None], 48000, "libopus")
    samples, stream = read(path)
    assert stream.info.decoder == "FFmpeg"
    assert samples.size == pytest.approx(14 * 48000, abs=2000)
    assert stream.notices == ()
    content = path.read_bytes()
    middle = len(content) // 2
    (tmp_path / "hole.opus").write_bytes(content[:middle] + content[middle + 20_000 :])
    samples, stream = read(tmp_path / "hole.opus")
    assert 8 < samples.size / 48000 < 13.9
    assert re.search(r"s are missing after [5-8]\.\d s", stream.notices[0].message)


@pytest.mark.parametrize("form", ["flac", "ogg", "mp3"])
@pytest.mark.parametrize("start", [0.0, 1.5])
def test_what_is_joined_to_a_sound_is_heard(tmp_path: Path, form: str, start: float) -> None:
    """A recorded radio stream is one Ogg file behind another; libsndfile reads the first."""
    first, second = noise(2 * 44100), tone(3.0, 44100)
    parts = []
    for number, sound in enumerate((first, second)):
        path = tmp_path / f"{number}.{form}"
        soundfile.write(path, sound, 44100)
        parts.append(path.read_bytes())
    joined = tmp_path / f"joined.{form}"
    joined.write_bytes(b"".join(parts))
    samples, stream = read(joined, start=start)
    assert samples.size / 44100 == pytest.approx(5.0 - start, abs=0.15)
    assert codes(stream) == ["joined"]
    assert stream.notices[0].value == pytest.approx(2.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(samples[-44100 * 2 : -22050]))
    assert spectrum.max() > 100 * np.median(spectrum)
    assert codes(read(joined, start=start, duration=0.4)[1]) == []


@pytest.mark.parametrize("form", ["flac", "ogg", "mp3"])
@pytest.mark.parametrize("start", [4.0, 10.0, 18.0, 19.9, 26.0, 38.0])
def test_a_place_in_a_joined_sound_is_the_right_one(
    tmp_path: Path, form: str, start: float
) -> None:
    """LibFLAC took a place in the first part for the same place in the second."""
    for number, hertz in enumerate((300, 3000)):
        sound = tone(20.0, 44100, hertz) + 0.01 * noise(20 * 44100, seed=number)
        soundfile.write(tmp_path / f"{number}.{form}", sound, 44100)
    joined = tmp_path / f"joined.{form}"
    joined.write_bytes(b"".join((tmp_path / f"{n}.{form}").read_bytes() for n in (0, 1)))
    samples, stream = read(joined, start=start, duration=1.0)
    heard = np.abs(np.fft.rfft(samples[: 44100 // 20])).argmax() * 20
    assert heard == pytest.approx(300 if start < 19.95 else 3000, abs=30)
    assert samples.size == 44100
    assert codes(stream) == (["joined"] if start > 19 else [])
    rest, _ = read(joined, start=start)
    assert rest.size / 44100 == pytest.approx(40 - start, abs=0.2)
    with pytest.raises(EmptyAudioError, match="no sample from 50 s on"):
        read(joined, start=50.0)


@pytest.mark.parametrize("start", [0.0, 4.0, 9.0, 12.0])
def test_joined_opus_is_heard(tmp_path: Path, encode: Encode, start: float) -> None:
    parts = [
        encode(f"{hertz}.opus", tone(10.0, 48000, hertz)[:, None], 48000, "libopus").read_bytes()
        for hertz in (300, 3000)
    ]
    joined = tmp_path / "joined.opus"
    joined.write_bytes(b"".join(parts))
    samples, _ = read(joined, start=start)
    assert samples.size / 48000 == pytest.approx(20 - start, abs=0.1)
    heard = [np.abs(np.fft.rfft(part)).argmax() * 10 for part in (samples[:4800], samples[-4800:])]
    assert heard == [
        pytest.approx(300 if start < 10 else 3000, abs=30),
        pytest.approx(3000, abs=30),
    ]


@pytest.mark.parametrize("words", ["hello", "More Information: Xing"])
def test_words_in_a_tag_are_no_length_of_an_mp3(tmp_path: Path, words: str) -> None:
    """Bit rates that differ, and no count of frames: a guess from the first would be wrong."""
    plain = tmp_path / "plain.mp3"
    plain.write_bytes(headless_mp3(noise(2 * 44100), 256) + headless_mp3(noise(8 * 44100), 64))
    body = b"\0eng\0" + words.encode()
    frame = b"COMM" + len(body).to_bytes(4, "big") + b"\0\0" + body
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(b"ID3\3\0\0\0\0\0" + bytes([len(frame)]) + frame + plain.read_bytes())
    samples, stream = read(tagged)
    assert samples.size == pytest.approx(read(plain)[0].size, abs=3000)
    assert samples.size / 44100 == pytest.approx(10, abs=0.3)
    assert (stream.info.decoder, codes(stream)) == ("FFmpeg", [])


@pytest.mark.parametrize("form", ["flac", "ogg", "mp3"])
def test_a_large_tag_behind_a_sound_is_no_sound(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"tagged.{form}"
    soundfile.write(path, noise(2 * 44100), 44100)
    before = read(path)[0].size
    with path.open("ab") as file:
        file.write(b"APETAGEX" + bytes(range(256)) * 1000)
    samples, stream = read(path)
    assert samples.size == pytest.approx(before, abs=3000)
    assert "joined" not in codes(stream)


def test_ctrl_c_within_libsndfile_is_not_taken_for_damage() -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(60 * RATE), RATE, format="FLAC")
    with pytest.raises(KeyboardInterrupt):
        read(Interrupting(file.getvalue()))


def test_a_damaged_packet_does_not_end_an_m4a(tmp_path: Path, encode: Encode) -> None:
    sound = noise(10 * 48000)
    content = bytearray(encode("sound.mp4", sound, 48000, "aac").read_bytes())
    begin = len(content) // 5
    content[begin : begin + 3000] = np.random.default_rng(1).bytes(3000)
    (tmp_path / "damaged.m4a").write_bytes(content)
    samples, stream = read(tmp_path / "damaged.m4a")
    assert len(samples) > 0.8 * len(sound)
    assert "truncated" in codes(stream)
    assert not any("not permitted" in n.message for n in stream.notices)


def test_ffmpegs_frames_are_handed_over_in_pieces_and_damage_where_it_lies(
    tmp_path: Path, encode: Encode
) -> None:
    """A thousand samples at a time, what follows would take longer to begin than to work."""
    content = bytearray(encode("a.m4a", noise(12 * RATE)[:, None], RATE, "aac").read_bytes())
    with closing(FfmpegDecoder(io.BytesIO(content))) as decoder:
        sizes = [chunk.shape[0] for chunk in decoder.chunks(0.0)]
        assert decoder.faults == []
    assert min(sizes[:-1]) >= CHUNK_FRAMES > max(sizes) - 2048
    middle = len(content) // 2
    content[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    whole, stream = read(io.BytesIO(content))
    assert codes(stream) == ["truncated"]
    for seconds in (2.0, 5.0):  # nothing is told of what lies behind
        part, stream = read(io.BytesIO(content), duration=seconds)
        assert codes(stream) == []
        np.testing.assert_array_equal(part, whole[: part.size])


def test_a_disk_that_fails_in_the_middle_of_an_m4a_leaves_what_was_heard(encode: Encode) -> None:
    class Failing(io.BytesIO):
        left = 12

        def read(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            if self.left < 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    content = encode("a.m4a", noise(60 * RATE)[:, None], RATE, "aac").read_bytes()
    samples, stream = read(Failing(content))
    assert 0 < samples.size < 50 * RATE
    assert codes(stream) == ["truncated"]
    assert "Input/output error" in stream.notices[0].message


def test_where_nothing_is_behind_a_sound_just_ends(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(8 * RATE), RATE, format="MP3", subtype="MPEG_LAYER_III")
    (tmp_path / "cut.mp3").write_bytes(file.getvalue()[: len(file.getvalue()) // 2])
    _, stream = read(tmp_path / "cut.mp3")
    told = [n.message for n in stream.notices if n.code == "truncated"]
    assert len(told) == 1
    assert "FFmpeg read on" not in told[0]
    assert "where the file promises 8.0 s" in told[0]


def test_an_extension_does_not_make_a_format_of_remnants(tmp_path: Path) -> None:
    """Found by the fuzzer: FFmpeg took what was called .mp3 for one, and refused it elsewhere."""
    file = io.BytesIO()
    soundfile.write(file, tone(1, 48000), 48000, format="MP3", subtype="MPEG_LAYER_III")
    remnants = bytes(20000) + file.getvalue()[1000:1900]
    told = set()
    for name in ("remnants.mp3", "remnants.bin"):
        (tmp_path / name).write_bytes(remnants)
        with pytest.raises(DecodeError) as caught:
            read(tmp_path / name)
        told.add(str(caught.value).replace(name, ""))
    assert len(told) == 1


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + np.random.default_rng(y).bytes(192) for y in range(64))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


NOT_SOUND = {
    "text": b"Dear Sir, I write about the music next door.\n" * 3000,
    "pdf": b"%PDF-1.7\n1 0 obj<</Length 90000>>stream\n"
    + np.random.default_rng(1).bytes(90_000)
    + b"\nendstream\n%%EOF",
    "random": np.random.default_rng(2).bytes(100_000),
    "zeros": bytes(100_000),
    "png": png(),
    "sync words": b"\xff\xfb\x90\x00" + np.random.default_rng(3).bytes(50_000),
    "one byte": b"R",
    "bare wav header": b"RIFF\x24\x00\x00\x00WAVE",
    "playlist": b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile /etc/hostname\n",
}


@pytest.mark.parametrize("kind", NOT_SOUND)
def test_what_is_not_sound_is_refused_with_every_reason(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "notes.mp3"
    path.write_bytes(NOT_SOUND[kind])
    with pytest.raises(DecodeError, match=r"notes\.mp3: not a sound file.*soundfile: .*FFmpeg: "):
        open_audio(path)


def test_random_bytes_never_pass_for_sound() -> None:
    for seed in range(40):
        with pytest.raises(DecodeError):
            open_audio(io.BytesIO(np.random.default_rng(1000 + seed).bytes(20_000)))


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(tone(1, RATE)).getvalue())
    for text in (
        f"ffconcat version 1.0\nfile {secret}\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    ):
        path = tmp_path / "list.m3u8"
        path.write_text(text)
        with pytest.raises(DecodeError):
            open_audio(path)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"no such file: .*gone\.mp3"):
        open_audio(tmp_path / "gone.mp3")
    with pytest.raises(DecodeError, match="a directory"):
        open_audio(tmp_path)
    empty = tmp_path / "empty.mp3"
    empty.touch()
    with pytest.raises(DecodeError, match="0 bytes"):
        open_audio(empty)


def test_no_sample_and_one_sample() -> None:
    with pytest.raises(EmptyAudioError, match="no sample"):
        open_audio(wav(np.zeros(0, dtype=np.float32), subtype="PCM_16"))
    samples, _ = read(wav(np.full(1, 0.5, dtype=np.float32)))
    assert samples.tolist() == [0.5]


@pytest.mark.parametrize("form", ["WAV", "AIFF", "FLAC", "MP3"])
def test_truncated_files_give_what_they_hold(form: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(RATE * 10), RATE, format=form)
    data = file.getvalue()
    samples, stream = read(io.BytesIO(data[: len(data) // 2]))
    assert 3 < samples.size / RATE < 5.5
    assert codes(stream) == ["truncated"]
    assert "promises 10.0 s" in stream.notices[0].message


def test_truncated_m4a(encode: Encode) -> None:
    sound = noise(48000 * 4)
    path = encode("a.m4a", sound, 48000, "aac", movflags="faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    samples, stream = read(path)
    assert 2 < samples.size / 48000 < 3
    assert codes(stream) == ["truncated"]
    behind = encode("b.m4a", sound, 48000, "aac")  # its index stands at the end
    behind.write_bytes(behind.read_bytes()[:-5000])
    with pytest.raises(DecodeError):
        open_audio(behind)


def test_truncated_ogg() -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(RATE * 10), RATE, format="OGG")
    data = file.getvalue()
    _, whole = read(io.BytesIO(data))
    assert whole.notices == ()
    samples, stream = read(io.BytesIO(data[: len(data) // 2]))
    assert 3 < samples.size / RATE < 6
    assert codes(stream) == ["truncated"]


def test_damage_ends_in_sound_or_refusal(encode: Encode) -> None:
    sound = noise(48000)
    whole = [encode("a.m4a", sound, 48000, "aac").read_bytes()]
    for form in ("WAV", "FLAC", "OGG", "AIFF"):
        file = io.BytesIO()
        soundfile.write(file, sound, 48000, format=form)
        whole.append(file.getvalue())
    rng = np.random.default_rng(5)
    for data in whole:
        for _ in range(6):
            damaged = np.frombuffer(data, dtype=np.uint8).copy()
            damaged[rng.integers(0, damaged.size, 40)] = rng.integers(0, 256, 40)
            try:
                samples, _ = read(io.BytesIO(damaged.tobytes()))
            except AudioError:
                continue
            assert np.isfinite(samples).all()


@pytest.mark.parametrize("rate", [1, 999, 2**31 - 1])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(DecodeError, match="Hz is no sound's"):
        open_audio(wav(noise(100), rate, "PCM_16"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(wav(noise(RATE)).getvalue(),))
    writer.start()
    assert read(path)[0].size == RATE
    writer.join()


def test_duration_is_no_truncation() -> None:
    assert read(wav(noise(RATE * 5), subtype="PCM_16"), duration=1.0)[1].notices == ()


def test_what_was_asked_for_and_there_is_not_called_cut_off() -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(RATE * 40, gain=0.3), RATE, format="MP3")
    data = bytearray(file.getvalue())
    at = len(data) // 4
    data[at : at + 3000] = bytes(3000)
    samples, stream = read(io.BytesIO(bytes(data)), start=5.0, duration=15.0)
    assert samples.size == pytest.approx(15 * RATE, abs=RATE)
    assert all("where the file promises" not in notice.message for notice in stream.notices)


def test_wav_written_to_a_pipe_is_whole() -> None:
    data = bytearray(wav(noise(RATE), subtype="PCM_16").getvalue())
    at = data.find(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    samples, stream = read(io.BytesIO(bytes(data)))
    assert samples.size == RATE
    assert stream.notices == ()


def test_mp3_without_its_length_is_read_to_the_end() -> None:
    file = io.BytesIO()
    loud_then_silent = np.concatenate([noise(48000 * 6, gain=0.3), np.zeros(48000 * 4, np.float32)])
    soundfile.write(file, loud_then_silent, 48000, format="MP3", bitrate_mode="VARIABLE")
    data = file.getvalue()
    headless = data[data.find(b"\xff\xfb", data.find(b"Xing")) :]
    samples, _ = read(io.BytesIO(headless))
    assert samples.size / 48000 == pytest.approx(10.0, abs=0.1)


def test_what_is_not_finite_becomes_zero() -> None:
    sound = np.full((1000, 2), 0.25, dtype=np.float32)
    sound[10, 0] = np.nan
    sound[20] = np.inf
    samples, stream = read(wav(sound))
    assert np.isfinite(samples).all()
    assert (samples[10], samples[20], samples[30]) == (0.125, 0.0, 0.25)
    assert [(n.code, n.value) for n in stream.notices] == [("non-finite", 2.0)]


def test_integers_in_a_float_file_are_scaled() -> None:
    sound = noise(RATE * 3, gain=0.1)
    samples, stream = read(wav(sound * 32768))
    np.testing.assert_allclose(samples, sound, atol=1e-6)
    assert [(n.code, n.value) for n in stream.notices] == [("out-of-scale", 32768.0)]


def test_one_broken_sample_is_limited_and_scales_nothing() -> None:
    sound = noise(RATE * 5)
    sound[100] = 1e30
    samples, stream = read(wav(sound))
    assert samples[100] == CEILING
    np.testing.assert_array_equal(samples[200:], sound[200:])
    assert codes(stream) == ["out-of-scale"]


def test_overshoots_are_left_alone() -> None:
    sound = tone(1, RATE, gain=1.6)
    samples, stream = read(wav(sound))
    np.testing.assert_array_equal(samples, sound)
    assert stream.notices == ()


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_mono_is_the_mean_of_all_channels(channels: int) -> None:
    sound = np.stack([noise(5000, seed) for seed in range(channels)], axis=1)
    samples, stream = read(wav(sound))
    np.testing.assert_allclose(samples, sound.mean(axis=1), atol=1e-7)
    assert stream.info.channels == channels


def test_surround_through_ffmpeg(encode: Encode) -> None:
    sound = np.stack([tone(1.0, 48000)] * 6, axis=1)
    samples, stream = read(encode("a.m4a", sound, 48000, "aac"))
    assert stream.info.channels == 6
    assert 0.2 < np.abs(samples).max() < 0.7


def test_pipes_and_file_objects(encode: Encode) -> None:
    data = wav(tone(1, RATE)).getvalue()
    assert read(io.BufferedReader(Pipe(data)))[0].size == RATE
    film = encode("a.mp4", tone(1, 48000), 48000, "aac").read_bytes()
    samples, stream = read(io.BufferedReader(Pipe(film)))
    assert samples.size == pytest.approx(48000, abs=3000)
    assert stream.name == "<stream>"


def test_files_are_closed_and_file_objects_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    real = Path.open

    def spy(self: Path, *args: Any, **options: Any) -> Any:
        file = real(self, *args, **options)
        opened.append(file)
        return file

    path = tmp_path / "a.wav"
    soundfile.write(path, noise(RATE * 10), RATE)
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"nothing that sounds")
    monkeypatch.setattr(Path, "open", spy)
    with open_audio(path) as stream:
        next(stream.blocks())  # and abandon the rest
    with pytest.raises(DecodeError):
        open_audio(bad)
    assert len(opened) == 2
    assert all(file.closed for file in opened)
    file = wav(noise(100))
    read(file)
    assert not file.closed


def test_blocks_stay_small() -> None:
    with open_audio(wav(noise(RATE * 20))) as stream:
        assert max(block.size for block in stream.blocks()) <= 32768


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc here")
def test_a_file_is_read_under_a_descriptor_of_its_own_that_is_closed(tmp_path: Path) -> None:
    sound, text = tmp_path / "a.flac", tmp_path / "b.flac"
    soundfile.write(sound, noise(RATE * 3), RATE)
    text.write_bytes(b"%PDF-1.7 and nothing to hear")
    expected = soundfile.read(sound, dtype="float32")[0]
    with open_audio(sound):  # modules are imported
        before = descriptors()
    for _ in range(5):
        with pytest.raises(DecodeError):
            open_audio(text)
        with sound.open("rb") as file, open_audio(file) as stream:
            blocks: list[FloatArray] = []
            for block in stream.blocks():
                file.seek(len(blocks))  # whoever lent it may use it
                file.read(100)
                blocks.append(block)
            assert np.array_equal(np.concatenate(blocks), expected)
    assert descriptors() <= before


def test_a_file_that_lost_its_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(RATE), RATE)
    with path.open("rb") as file:
        path.unlink()
        with open_audio(file) as stream:
            assert sum(block.size for block in stream.blocks()) == RATE
