"""Small spectrogram pictures of songs."""

from __future__ import annotations

import io
import os
from functools import lru_cache

import numpy as np

from genrescope.apps.drawing import COLOURS
from genrescope.apps.views import draw_view
from genrescope.types import GENRESCOPE_MEL

SECONDS = 30.0
WIDE, TALL = 320, 96


def draw_thumbnail(path: bytes, seconds: float) -> bytes:
    """Thirty seconds out of the middle of a song as a PNG of 320 × 96.

    Parameters
    ----------
    path : bytes
    seconds : float
        The song's length.

    Raises
    ------
    AudioError
        If the file is no longer there, or can no longer be read.
    """
    from PIL import Image

    start = max(0.0, (seconds - SECONDS) / 2)
    hop = GENRESCOPE_MEL.hop_length
    drawn = draw_view(os.fsdecode(path), hop=hop, start=start, duration=SECONDS).spectrogram
    low, high = drawn.spec.value_range
    share = np.clip((drawn.values[::-1] - low) / (high - low), 0, 1)
    grey = Image.fromarray(np.rint(255 * share).astype(np.uint8))
    small = grey.resize((WIDE, TALL), Image.Resampling.BILINEAR)
    small.putpalette(_palette())
    out = io.BytesIO()
    small.save(out, format="png", optimize=True)
    return out.getvalue()


@lru_cache(maxsize=1)
def _palette() -> bytes:
    """The colours of 256 levels: red, green and blue of each."""
    from matplotlib import colormaps

    shades = np.asarray(colormaps[COLOURS](np.arange(256)))[:, :3]
    return bytes(np.rint(255 * shades).astype(np.uint8).tobytes())
