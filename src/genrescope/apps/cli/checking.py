"""Pictures of real sound, for holding what was written against what it came from."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from genrescope.types import FloatArray, ModelCard

SAMPLES = Path(__file__).resolve().parents[4] / "samples"
SAMPLE = "jazz_vibe_ace.flac"
MADE_UP_RATE = 22050


def draw_for_check(card: ModelCard, sound: Path | None) -> tuple[FloatArray, str]:
    """The first window of a sound as a network sees it.

    Parameters
    ----------
    card : ModelCard
    sound : Path, optional
        Else a sample that lies in the checkout, else a chord that is made up here.

    Returns
    -------
    pictures : ndarray of float32, shape (1, channels, height, width)
    of_what : str
        For people.

    Raises
    ------
    AudioError
        If the sound cannot be heard.
    """
    from genrescope.audio import listen, parse_windows
    from genrescope.classification.drawing import draw_spans
    from genrescope.spectrogram.picture import draw_picture

    sample = SAMPLES / SAMPLE
    path = sound or (sample if sample.is_file() else None)
    source = str(path) if path else _chord()
    with listen(source) as recording:
        drawn = next(iter(draw_spans(recording, [card.spectrogram], parse_windows("first"))))
    pictures = draw_picture(drawn.windows()[:1], card.picture)
    return pictures, path.name if path else "a chord that was made up for it (name one by --sound)"


def _chord() -> BinaryIO:
    import io

    import soundfile

    seconds = np.arange(12 * MADE_UP_RATE) / MADE_UP_RATE
    tones = [np.sin(2 * np.pi * hz * seconds) / 8 for hz in (220.0, 277.2, 329.6)]
    sound = io.BytesIO()
    soundfile.write(sound, np.sum(tones, axis=0, dtype=np.float32), MADE_UP_RATE, format="WAV")
    sound.seek(0)
    return sound
