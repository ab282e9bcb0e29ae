"""What a careful listener would want to know of a recording: `QualityMeter`.

Limits were set by measurement on 27 clips of all genres, lossless and lossy, and on the same clips
after upsampling from 16 and 22.05 kHz and after MP3 at 48 kbit/s: below 14 kHz natural music never
fell by more than 18 dB within half a kHz, a low-pass filter always by 35 dB or more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genrescope.types import FloatArray, Notice, SilentAudioError

SILENT_PEAK = 3.1e-5  # -90 dBFS: the last of 16 bits, which channels that cancel may leave
_QUIET_RMS = 1e-3  # -60 dBFS
_QUIET_SECONDS = 0.05
_QUIET_SHARE = 0.5
_FULL_SCALE = 0.999
_FULL_SCALE_RUN = 3
_CLIPPED_SHARE = 0.001
_BAND_HZ = 250.0
_CLIFF_DB = 30.0
_NOTHING_DB = -70.0  # relative to the strongest band
_LOWEST_CUTOFF_HZ = 3000.0  # below it, it is a pure tone or a bass and not a filter
_HIGHEST_CUTOFF_HZ = 14400.0  # 128 kbit/s MP3, which nobody need worry about, ends at 16 kHz
_LOW_RATE = 22050
_ALL_SECONDS = 60.0
_LATER_FRAMES = 4


class QualityMeter:
    """Listens to mono blocks at the file's own rate; memory does not grow.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    window_seconds : float
        Sounds shorter than this are noted as ``short``.
    """

    def __init__(self, sample_rate: int, window_seconds: float = 10.0) -> None:
        self.sample_rate = sample_rate
        self.window_seconds = window_seconds
        self.samples = 0
        self.peak = 0.0
        self._lowest = self._highest = 0.0
        self._clipping = _RunCounter()
        self._quiet = _QuietCounter(max(1, round(_QUIET_SECONDS * sample_rate)))
        self._spectrum = _MeanSpectrum(sample_rate)

    @property
    def seconds(self) -> float:
        """Length of what was heard."""
        return self.samples / self.sample_rate

    def push(self, block: FloatArray) -> None:
        """Hear float32 (n,)."""
        if not block.size:
            return
        low, high = float(block.min()), float(block.max())
        self._lowest = min(self._lowest, low) if self.samples else low
        self._highest = max(self._highest, high) if self.samples else high
        self.samples += block.size
        peak = max(-low, high)
        self.peak = max(self.peak, peak)
        self._clipping.push(np.abs(block) >= _FULL_SCALE if peak >= _FULL_SCALE else None)
        self._quiet.push(block)
        self._spectrum.push(block)

    def check_audible(self, name: str = "") -> None:
        """Raise where everything heard lies under -90 dBFS, or never moves.

        Raises
        ------
        SilentAudioError
        """
        before = f"{name}: " if name else ""
        if self.samples and self.peak < SILENT_PEAK:
            raise SilentAudioError(f"{before}silent throughout ({self.seconds:.1f} s)")
        if self.samples and self._highest - self._lowest < SILENT_PEAK:
            raise SilentAudioError(
                f"{before}one value throughout ({self._highest:.3g}, {self.seconds:.3g} s): "
                "nothing moves, so there is nothing to hear"
            )

    def notices(self) -> tuple[Notice, ...]:
        """What is worth knowing of the sound heard so far; may be asked at any time."""
        found = (self._short(), self._mostly_silent(), self._clipped(), self._band_limited())
        return tuple(notice for notice in found if notice is not None)

    def _short(self) -> Notice | None:
        if self.seconds >= self.window_seconds - 0.05 or not self.samples:
            return None
        text = (
            f"{self.seconds:.1f} s of sound, repeated to fill a {self.window_seconds:.3g} s window"
        )
        return Notice("short", text, round(self.seconds, 3))

    def _mostly_silent(self) -> Notice | None:
        share = self._quiet.share
        if share <= _QUIET_SHARE:
            return None
        return Notice("mostly-silent", f"{share:.0%} of the sound is silence", round(share, 4))

    def _clipped(self) -> Notice | None:
        share = self._clipping.counted / max(1, self.samples)
        if share <= _CLIPPED_SHARE:
            return None
        text = f"clipped: {share:.2%} of the samples stand at full scale"
        return Notice("clipping", text, round(share, 5))

    def _band_limited(self) -> Notice | None:
        cutoff = self._spectrum.cutoff_hz() if self.peak >= SILENT_PEAK else None
        if cutoff is not None:
            text = f"nothing above {cutoff / 1000:.1f} kHz: upsampled, or a low bit rate?"
            return Notice("band-limited", text, round(cutoff))
        if self.sample_rate < _LOW_RATE:
            text = (
                f"the file's sample rate of {self.sample_rate} Hz holds nothing above "
                f"{self.sample_rate / 2000:.1f} kHz"
            )
            return Notice("band-limited", text, self.sample_rate / 2)
        return None


class _RunCounter:
    """Counts True values that stand in runs of at least `_FULL_SCALE_RUN`, across blocks."""

    def __init__(self) -> None:
        self._finished = 0
        self._open = 0  # length of the run that the last block ended in

    @property
    def counted(self) -> int:
        return self._finished + (self._open if self._open >= _FULL_SCALE_RUN else 0)

    def push(self, flags: NDArray[np.bool_] | None) -> None:
        """Take the next block's flags; None where all are False."""
        if flags is None or not flags.any():
            self._finished, self._open = self.counted, 0
            return
        steps = np.diff(flags.astype(np.int8), prepend=0, append=0)
        begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        lengths = ends - begins
        if flags[0]:
            lengths[0] += self._open
        else:
            self._finished = self.counted
        self._open = 0
        if flags[-1]:
            self._open, lengths = int(lengths[-1]), lengths[:-1]
        self._finished += int(lengths[lengths >= _FULL_SCALE_RUN].sum())


class _QuietCounter:
    """Counts frames of `length` samples whose root mean square is under -60 dBFS."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._rest = np.zeros(0, dtype=np.float32)
        self._frames = 0
        self._quiet = 0

    @property
    def share(self) -> float:
        return self._quiet / self._frames if self._frames else 0.0

    def push(self, block: FloatArray) -> None:
        frames, self._rest = _framed(self._rest, block, self._length)
        power = np.einsum("ij,ij->i", frames, frames) / self._length  # half the mean's time
        self._frames += power.size
        self._quiet += int((power < _QUIET_RMS**2).sum())


class _MeanSpectrum:
    """Mean power spectrum, and the frequency above which a filter left nothing.

    Of a long sound every `_LATER_FRAMES`-th frame counts, once `_ALL_SECONDS` were heard whole.
    """

    def __init__(self, sample_rate: int) -> None:
        self._length = 2 ** int(np.ceil(np.log2(max(16, sample_rate / 16))))
        self._bin_hz = sample_rate / self._length
        self._window = np.hanning(self._length).astype(np.float32)
        self._rest = np.zeros(0, dtype=np.float32)
        self._power = np.zeros(self._length // 2 + 1)
        self._frames = 0
        self._whole = int(_ALL_SECONDS * sample_rate / self._length)

    def push(self, block: FloatArray) -> None:
        frames, self._rest = _framed(self._rest, block, self._length)
        place = np.arange(self._frames, self._frames + len(frames))
        self._frames += len(frames)
        frames = frames[(place < self._whole) | (place % _LATER_FRAMES == 0)]
        if frames.size:
            bins = np.fft.rfft(frames * self._window, axis=1)
            self._power += np.sum(bins.real**2 + bins.imag**2, axis=0)

    def cutoff_hz(self) -> float | None:
        """Where the level falls off a cliff with nothing behind it, in Hz; None if nowhere."""
        width = max(1, round(_BAND_HZ / self._bin_hz))
        count = self._power.size // width
        if count < 8 or not self._power.any():
            return None
        bands = self._power[: count * width].reshape(count, width).mean(axis=1)
        level = 10 * np.log10(bands / bands.max() + 1e-20)
        band_hz = width * self._bin_hz
        top = min(_HIGHEST_CUTOFF_HZ, 0.9 * count * band_hz)
        first, last = int(_LOWEST_CUTOFF_HZ / band_hz), int(top / band_hz)
        best: tuple[float, int] = (_CLIFF_DB, -1)
        for band in range(max(4, first), min(last, count - 3)):
            above = float(level[band + 1 : band + 4].max())
            drop = float(level[band - 4 : band - 1].mean()) - above
            if drop > best[0] and float(level[band + 1 :].max()) < _NOTHING_DB:
                best = (drop, band)
        return best[1] * band_hz if best[1] >= 0 else None


def _framed(rest: FloatArray, block: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """`rest` and `block` as whole frames (k, length), and what is left over."""
    sound = np.concatenate([rest, block])
    whole = sound.size // length
    return sound[: whole * length].reshape(whole, length), sound[whole * length :].copy()
