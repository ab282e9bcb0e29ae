"""What is drawn for the page of one recording: the spectrogram to look at, the pictures seen."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrescope.apps.views import LONGEST_SECONDS, VIEW_HOP, View, draw_view, unit_picture
from genrescope.audio import AudioSource, Change, SoundInfo, listen, parse_windows
from genrescope.classification.drawing import draw_spans
from genrescope.spectrogram.frequencies import note_name
from genrescope.spectrogram.picture import draw_picture, scale_unit
from genrescope.types import FloatArray, ModelCard, Prediction, Spectrogram

MOST_COLUMNS = 2600
"""More than a screen is wide; longer sounds are drawn with a coarser hop."""
MOST_PICTURES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one model was shown of a recording.

    Attributes
    ----------
    starts : tuple of float
        Of the windows whose pictures are here, in seconds.
    pictures : ndarray of float32, shape (n, height, width)
        In [0, 1], before normalisation; row 0 is the lowest band. Of pictures in colour, red.
    tensor_shape : tuple of int
        Of one window's tensor.
    least, greatest, average : float
        Of the first window's tensor.
    """

    starts: tuple[float, ...]
    pictures: FloatArray
    tensor_shape: tuple[int, ...]
    least: float
    greatest: float
    average: float


def draw_for_page(
    source: AudioSource, kind: str, seconds: float, changes: Sequence[Change] = ()
) -> View:
    """A recording's spectrogram at a hop that suits a screen.

    Parameters
    ----------
    source : path or binary file
    kind : {'mel', 'cqt'}
    seconds : float
        Length of the recording, as far as it is known.
    changes : sequence of Change
        Made to the sound first.
    """
    shown = min(seconds, LONGEST_SECONDS)
    coarse = int(shown * 22050 / MOST_COLUMNS / 64 + 1) * 64
    hop = max(VIEW_HOP, coarse)
    return draw_view(source, "cqt" if kind == "cqt" else "mel", hop=hop, changes=changes)


def show_seen(source: AudioSource, card: ModelCard, changes: Sequence[Change] = ()) -> Seen:
    """Draw again, by the line, what a network was shown: up to `MOST_PICTURES` windows.

    Parameters
    ----------
    source : path or binary file
    card : ModelCard
    changes : sequence of Change
        Made to the sound first.
    """
    starts: list[float] = []
    units: list[FloatArray] = []
    with listen(source, changes=changes) as recording:
        choice = parse_windows(str(MOST_PICTURES))
        for drawn in draw_spans(recording, [card.spectrogram], choice):
            starts.extend(drawn.window_starts)
            units.append(drawn.windows())
    tensor = draw_picture(np.concatenate(units), card.picture)
    planes = np.stack([unit_picture(one, card)[0] for one in tensor])
    first = tensor[0]
    return Seen(
        starts=tuple(starts),
        pictures=np.clip(planes, 0, 1),
        tensor_shape=(1, *first.shape),
        least=float(first.min()),
        greatest=float(first.max()),
        average=float(first.mean()),
    )


def sound_info(source: AudioSource) -> SoundInfo:
    """What the file says of itself."""
    with listen(source) as recording:
        return recording.info


def packed(unit: FloatArray) -> str:
    """Values in [0, 1] as bytes in base64, for the browser."""
    whole: NDArray[np.uint8] = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(np.ascontiguousarray(whole).tobytes()).decode("ascii")


def view_payload(
    view: View,
    made: Prediction,
    card: ModelCard,
    *,
    title: str = "",
    changed: str = "",
) -> dict[str, Any]:
    """A spectrogram as the viewer in the browser takes it.

    Parameters
    ----------
    view : View
    made : Prediction
        Whose windows are marked.
    card : ModelCard
        Of the model that made it.
    title : str
        Put before the kind of spectrogram.
    changed : str
        The query that has the server make the sound that is drawn, where it is not the file's.

    Returns
    -------
    dict
        ``data`` holds bytes row by row, lowest band first: 0 is the floor, 255 is 0 dB.
    """
    drawn: Spectrogram = view.spectrogram
    spec, seconds = drawn.spec, drawn.frame_seconds
    return {
        "kind": spec.kind,
        "title": title,
        "changed": changed,
        "source": made.source,
        "bands": drawn.values.shape[0],
        "frames": drawn.values.shape[1],
        "data": packed(scale_unit(drawn.values, spec.dynamic_range_db)),
        "hz": [round(float(hz), 2) for hz in drawn.band_hz],
        "notes": [note_name(float(hz)) for hz in drawn.band_hz] if spec.kind == "cqt" else [],
        "first": float(seconds[0]),
        "step": spec.hop_length / spec.sample_rate,
        "floor": spec.dynamic_range_db,
        "hop": spec.hop_length,
        "starts": [round(start, 3) for start in made.window_starts],
        "window": card.spectrogram.window_seconds,
        "whole": view.whole,
        "longest": view.longest_seconds,
    }


def seen_payload(seen: Seen, model: str) -> dict[str, Any]:
    """The pictures as the viewer in the browser takes them."""
    return {
        "model": model,
        "height": int(seen.pictures.shape[1]),
        "width": int(seen.pictures.shape[2]),
        "starts": [round(start, 3) for start in seen.starts],
        "pictures": [packed(one) for one in seen.pictures],
    }
