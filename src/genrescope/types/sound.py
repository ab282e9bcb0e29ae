"""Sound and the picture of sound: `Waveform`, `Notice`, `SpectrogramSpec`, `Spectrogram`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genrescope.types.errors import AudioError, GenrescopeError, SpectrogramError, refuse

FloatArray = NDArray[np.float32]

SpectrogramKind = Literal["mel", "cqt"]

Compression = Literal["db", "log10"]

C1_HZ = 32.70319566257483
"""Frequency of the note C1 in Hz, at A4 = 440 Hz, equal temperament."""


def _refuse(condition: bool, message: str, error: type[GenrescopeError] = SpectrogramError) -> None:
    refuse(condition, message, error)


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        In [-1, 1] as decoded; resampling may overshoot by a little.
    sample_rate : int
        In Hz.
    start : float
        Where in the source the first sample lies, in seconds.
    source : str
        What the sound was read from, for people.
    """

    samples: FloatArray
    sample_rate: int
    start: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        _refuse(self.samples.ndim != 1, "a waveform is mono: samples must be (n,)", AudioError)
        _refuse(self.samples.dtype != np.float32, "samples must be float32", AudioError)
        _refuse(self.sample_rate <= 0, f"sample rate {self.sample_rate} Hz", AudioError)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples.size / self.sample_rate


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a recording that a careful listener would want to know.

    Attributes
    ----------
    code : str
        Stable and short, for programs: ``band-limited``, ``clipping``, ``mostly-silent``,
        ``short``, ``non-finite``, ``truncated``, ``joined``, ``out-of-scale``,
        ``out-of-phase``.
    message : str
        One sentence for people.
    value : float
        The figure behind the message (Hz, share of samples, seconds), whose unit the message says.
    """

    code: str
    message: str
    value: float


_LIMITS: Mapping[str, tuple[float, float]] = {
    "sample_rate": (1, 384_000),
    "bands": (1, 4096),
    "hop_length": (1, 2**17),
    "n_fft": (0, 2**17),
    "bins_per_octave": (0, 480),
    "window_seconds": (0.01, 600),
    "reference_seconds": (0.01, 3600),
    "dynamic_range_db": (1, 400),
}
"""Least and greatest; a recipe may come from a stranger, and what lies outside is no recipe."""

_MOST_VALUES = 2**25
"""Of a spectrogram that is drawn at once: 128 MiB."""

_LONGEST_FILTER = 2**22
"""Samples of the lowest constant-Q filter."""

_LONGEST_SPAN = 2**28
"""Samples that may be held until a span is drawn: 1 GiB."""


@dataclass(frozen=True, slots=True)
class SpectrogramSpec:
    """A recipe: all that is needed to draw the same spectrogram again.

    Attributes
    ----------
    kind : {'mel', 'cqt'}
    sample_rate : int
        In Hz; sound at any other rate is refused by the front end.
    bands : int
        Mel bands, or constant-Q bins.
    hop_length : int
        Samples from one column to the next.
    n_fft : int
        Samples in an STFT window (Hann, centred). Constant-Q derives its windows from its
        frequencies and ignores it; there it is 0.
    low_hz, high_hz : float
        Lowest and highest frequency. For constant-Q ``low_hz`` is the centre of the first bin
        and ``high_hz`` that of the last.
    dynamic_range_db : float
        Values lie in [-dynamic_range_db, 0] dB, where they are in dB.
    window_seconds : float
        Nominal length of what a network sees at once; exactly ``frames`` columns.
    reference_seconds : float
        0 dB is the maximum of the span of this length that a window lies in. Recipes without a
        reference are drawn in spans of this length all the same.
    bins_per_octave : int
        Constant-Q only; 0 for mel.
    compression : {'db', 'log10'}
        ``db``: decibels relative to the loudest. ``log10``: log10(1 + log_gain * power), of the
        power as it is, whatever the loudest.
    log_gain, log_ceiling : float
        Of ``log10``, where values lie in [0, log_ceiling]; 0 for ``db``.
    """

    kind: SpectrogramKind
    sample_rate: int
    bands: int
    hop_length: int
    n_fft: int
    low_hz: float
    high_hz: float
    dynamic_range_db: float = 80.0
    window_seconds: float = 10.0
    reference_seconds: float = 30.0
    bins_per_octave: int = 0
    compression: Compression = "db"
    log_gain: float = 0.0
    log_ceiling: float = 0.0

    def __post_init__(self) -> None:
        for name, (least, most) in _LIMITS.items():
            inside = least <= getattr(self, name) <= most
            _refuse(not inside, f"{name} must lie in {least:g} to {most:g}")
        _refuse(self.kind == "mel" and self.n_fft <= 0, "a mel recipe needs n_fft > 0")
        _refuse(self.kind == "cqt" and self.bins_per_octave <= 0, "cqt needs bins_per_octave > 0")
        _refuse(not 0 <= self.low_hz < self.high_hz, "need 0 <= low_hz < high_hz")
        _refuse(
            self.high_hz > self.sample_rate / 2,
            f"high_hz {self.high_hz:g} lies above half of {self.sample_rate} Hz",
        )
        _refuse(self.frames < 1, "a window must hold at least one column")
        drawn = self.bands * self.frames * self.windows_per_span
        _refuse(drawn > _MOST_VALUES, f"{drawn} values in a span are too many")
        _refuse(self._filter_samples > _LONGEST_FILTER, "low_hz is too low for so many bins")
        mel = self.bands * (self.n_fft // 2 + 1)
        bank = self.bins_per_octave * self._filter_samples if self.kind == "cqt" else mel
        _refuse(bank > _MOST_VALUES, "its filters hold too many values")
        span = self.windows_per_span * self.window_samples
        _refuse(span > _LONGEST_SPAN, f"{span} samples in a span are too many")
        for name in ("log_gain", "log_ceiling"):
            value = getattr(self, name)
            good = 0 < value < math.inf if self.compression == "log10" else value == 0
            _refuse(not good, f"{name} must be positive for log10 and 0 for db, not {value:g}")

    @property
    def value_range(self) -> tuple[float, float]:
        """Least and greatest value of a spectrogram by this recipe."""
        if self.compression == "log10":
            return 0.0, self.log_ceiling
        return -self.dynamic_range_db, 0.0

    @property
    def _filter_samples(self) -> float:
        """Of the lowest constant-Q bin; none of mel."""
        if self.kind != "cqt":
            return 0.0
        quality = 1 / (2 ** (1 / self.bins_per_octave) - 1)
        return quality * self.sample_rate / self.low_hz if self.low_hz > 0 else math.inf

    @property
    def frames(self) -> int:
        """Columns in one window."""
        return round(self.window_seconds * self.sample_rate / self.hop_length)

    @property
    def window_samples(self) -> int:
        """Samples in one window: exactly ``frames`` hops."""
        return self.frames * self.hop_length

    @property
    def windows_per_span(self) -> int:
        """Windows that share one 0 dB reference."""
        return max(1, round(self.reference_seconds / self.window_seconds))


GENRESCOPE_MEL = SpectrogramSpec("mel", 22050, 128, 1728, 2048, 0.0, 11025.0)
"""The mel recipe ``genrescope-10s``."""

GENRESCOPE_CQT = SpectrogramSpec(
    "cqt", 22050, 84, 1728, 0, C1_HZ, C1_HZ * 2 ** (83 / 12), bins_per_octave=12
)
"""The constant-Q recipe ``genrescope-10s``: 84 bins from C1, 12 to the octave."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """A picture of sound, in decibels unless its recipe says otherwise.

    Attributes
    ----------
    values : ndarray of float32, shape (bands, frames)
        Within `SpectrogramSpec.value_range`; row 0 is the lowest band.
    spec : SpectrogramSpec
    band_hz : ndarray of float32, shape (bands,)
        Centre frequency of every band in Hz, ascending.
    start : float
        Time of the first column's centre in the source, in seconds.
    """

    values: FloatArray
    spec: SpectrogramSpec
    band_hz: FloatArray
    start: float = 0.0

    def __post_init__(self) -> None:
        _refuse(self.values.ndim != 2, "a spectrogram is (bands, frames)")
        _refuse(self.values.dtype != np.float32, "spectrogram values must be float32")
        _refuse(
            self.values.shape[0] != self.spec.bands,
            f"{self.values.shape[0]} bands drawn, recipe says {self.spec.bands}",
        )
        _refuse(self.band_hz.shape != (self.spec.bands,), "band_hz must be (bands,)")

    @property
    def frame_seconds(self) -> FloatArray:
        """Time of every column in seconds from the source's beginning, shape (frames,)."""
        columns = np.arange(self.values.shape[1], dtype=np.float64)
        seconds = self.start + columns * self.spec.hop_length / self.spec.sample_rate
        return seconds.astype(np.float32)
