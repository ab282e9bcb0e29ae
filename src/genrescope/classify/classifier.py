"""The line: file → `Waveform` → windows → `Spectrogram` → picture → logits → `Prediction`.

It stands here once. The command line, batch runs, evaluation and whatever comes later call it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genrescope import models as zoo
from genrescope import spectrogram
from genrescope.audio import ALL_WINDOWS, Listener, WindowChoice, listen
from genrescope.classify.agreement import compare
from genrescope.classify.calibrate import apply_temperature
from genrescope.classify.pool import pool_logits
from genrescope.spectrogram.picture import draw_picture, scale_unit
from genrescope.types import (
    Comparison,
    FloatArray,
    GenrescopeError,
    ModelCard,
    ModelError,
    Notice,
    Prediction,
    Spectrogram,
    SpectrogramSpec,
    refuse,
)
