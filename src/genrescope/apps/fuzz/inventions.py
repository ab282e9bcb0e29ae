"""Files that no mutation makes: hostile from the first byte."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np

Invention = Callable[[np.random.Generator], bytes]


def wav(
    channels: int, rate: int, bits: int, data: bytes, *, kind: int = 1, stated: int | None = None
) -> bytes:
    """A WAV file whose head says what it is told to say.

    Parameters
    ----------
    channels, rate, bits : int
        Cut to their fields' widths.
    data : bytes
    kind : int
        1 for whole numbers, 3 for floating point.
    stated : int, optional
        Bytes of data as the head has it.
    """
    align = channels * bits // 8
    head = struct.pack(
        "<HHIIHH",
        kind,
        channels & 0xFFFF,
        rate & 0xFFFFFFFF,
        (rate * align) & 0xFFFFFFFF,
        align & 0xFFFF,
        bits & 0xFFFF,
    )
    size = len(data) if stated is None else stated
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data"
    body += struct.pack("<I", size & 0xFFFFFFFF) + data
    return b"RIFF" + struct.pack("<I", (len(body) + size) & 0xFFFFFFFF) + body


def spoilt_floats(generator: np.random.Generator) -> bytes:
    """Floating point with what is no number, infinite, or far too loud."""
    values = generator.standard_normal(44100).astype("<f4") * 0.1
    odd = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 1e6], dtype="<f4")
    places = generator.integers(0, values.size, int(generator.choice([1, 50, 44100])))
    values[places] = odd[generator.integers(0, odd.size, places.size)]
    return wav(1, 22050, 32, values.tobytes(), kind=3)


def many_channels(generator: np.random.Generator) -> bytes:
    """A thousand channels and more, with half a second of noise or a few frames."""
    channels = int(generator.choice([255, 256, 1000, 1024, 1025, 4096, 65535]))
    frames = int(generator.choice([1, 100, 2000]))
    return wav(channels, 22050, 16, generator.bytes(2 * channels * frames)[: 2**22])


def odd_head(generator: np.random.Generator) -> bytes:
    """No channel, no rate, rates that nobody uses, samples of no bit."""
    channels, rate, bits = (
        int(generator.choice(of))
        for of in ([0, 1, 2, 3], [0, 1, 999, 8000, 1_536_001, 2**31, 2**32 - 1], [0, 1, 7, 16, 64])
    )
    return wav(channels, rate, bits, generator.bytes(20000))


def long_promise(generator: np.random.Generator) -> bytes:
    """A head that promises hours or days, and half a second of sound."""
    stated = int(generator.choice([2**31 - 1, 2**32 - 1, 0x7FFF0000, 2**30]))
    return wav(1, int(generator.choice([8000, 44100])), 16, generator.bytes(22050), stated=stated)


def long_rf64(generator: np.random.Generator) -> bytes:
    """RF64, whose 64 bits promise longer than the world is old."""
    huge = (2**40, 2**62, 2**63, 2**64 - 1)[int(generator.integers(4))]
    body = bytearray(wav(1, 44100, 16, generator.bytes(22050), stated=2**32 - 1))
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, huge, huge, huge // 2, 0)
    return b"RF64\xff\xff\xff\xffWAVE" + ds64 + bytes(body[12:])


def long_quiet(generator: np.random.Generator) -> bytes:
    """Five minutes in a few kilobytes of FLAC, silent or nearly so."""
    import soundfile

    samples = np.zeros(8000 * 60 * 5, dtype=np.int16)
    if generator.random() < 0.5:
        samples[::4000] = 1
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def playlist(generator: np.random.Generator) -> bytes:
    """Lists and descriptions that name other files, which must not be opened."""
    kinds = (
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\nfile '|id'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>',
    )
    return kinds[int(generator.integers(len(kinds)))]


def no_sound(generator: np.random.Generator) -> bytes:
    """Nothing, a byte, noise, an archive, a picture, a page."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../song.wav", bytes(2**20))
    kinds = (
        b"",
        b"\0",
        b"RIFF",
        b"fLaC",
        b"OggS",
        b"ID3",
        generator.bytes(5000),
        archive.getvalue(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<a>" * 20000,
    )
    return kinds[int(generator.integers(len(kinds)))]


def quiet(generator: np.random.Generator) -> bytes:
    """Silence, one sample, or the same value throughout."""
    count = int(generator.choice([0, 1, 2, 100, 22050]))
    value = int(generator.choice([0, 1, 32767, -32768]))
    return wav(1, 22050, 16, struct.pack("<h", value) * count)


INVENTIONS: dict[str, Invention] = {
    made.__name__: made
    for made in (
        *(spoilt_floats, many_channels, odd_head, long_promise, long_rf64, long_quiet),
        *(playlist, no_sound, quiet),
    )
}
