"""From a file to windows of samples: decode, resample, cut, and judge the sound on the way.

>>> from genrescope.audio import listen, parse_windows
>>> from genrescope.types import GENRESCOPE_MEL
>>> def windows_of(path):
...     with listen(path) as recording:
...         chains = recording.chains([GENRESCOPE_MEL], parse_windows("first"))
...         for block in recording.blocks():
...             yield from chains.push(block)
...             if chains.done:
...                 break
...         yield from chains.finish()
"""

from genrescope.audio.chain import Chain, Chains
from genrescope.audio.changes import BandPass, BandStop, Change, Gap
from genrescope.audio.cleaning import Denoise, KeptBand, Trim, read_cleaning
from genrescope.audio.cut import Cutter, Span, spans
from genrescope.audio.decode import AudioStream, open_audio, open_stream
from genrescope.audio.info import SoundInfo
from genrescope.audio.peaks import Peaks, peaks
from genrescope.audio.quality import QualityMeter
from genrescope.audio.recording import Recording, listen
from genrescope.audio.resample import Resampler, resample, resampled_length
from genrescope.audio.source import AudioSource
from genrescope.audio.windows import ALL_WINDOWS, WindowChoice, parse_windows, window_count

__all__ = [
    "ALL_WINDOWS",
    "AudioSource",
    "AudioStream",
    "BandPass",
    "BandStop",
    "Chain",
    "Chains",
    "Change",
    "Cutter",
    "Denoise",
    "Gap",
    "KeptBand",
    "Peaks",
    "QualityMeter",
    "Recording",
    "Resampler",
    "SoundInfo",
    "Span",
    "Trim",
    "WindowChoice",
    "listen",
    "open_audio",
    "open_stream",
    "parse_windows",
    "peaks",
    "read_cleaning",
    "resample",
    "resampled_length",
    "spans",
    "window_count",
]
