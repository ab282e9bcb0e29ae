"""Spectrograms as pictures for people: axes, units, a colour bar."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from genrescope.audio.source import shown
from genrescope.spectrogram.frequencies import note_name
from genrescope.types import FloatArray, Spectrogram

COLOURS = "magma"
HZ_MARKS = (100, 200, 500, 1000, 2000, 4000, 8000, 16000)
MARK_APART = 0.04
"""Marks stand at least this share of the axis apart."""
DOTS_PER_INCH = 120
OTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Arial Unicode MS",
)
"""Of these the ones that are there write what Matplotlib's own font cannot: Chinese, above all."""


def draw_axes(picture: Spectrogram, title: str, path: Path | IO[bytes]) -> None:
    """Write a spectrogram as PNG with time, frequency or notes, and dB.

    Parameters
    ----------
    picture : Spectrogram
    title : str
    path : Path or binary file
        An existing file is replaced.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seconds = picture.frame_seconds
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    half = picture.spec.hop_length / picture.spec.sample_rate / 2
    low, high = picture.spec.value_range
    extent = (float(seconds[0]) - half, float(seconds[-1]) + half, -0.5, picture.spec.bands - 0.5)
    image = axes.imshow(
        picture.values,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=COLOURS,
        vmin=low,
        vmax=high,
        interpolation="nearest",
    )
    set_title(axes, title)
    axes.set_xlabel("time (s)")
    mark_bands(axes, picture)
    gain = f"log10 of 1 + {picture.spec.log_gain:g} × power"
    label = "dB below the loudest" if picture.spec.compression == "db" else gain
    figure.colorbar(image, ax=axes, label=label, pad=0.01)
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png")


def set_title(axes: Any, title: str) -> None:
    """Write a title above a plot, as it stands: no mathematics, no character that draws nothing.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    title : str
        Names of files are part of it, in any script; a sign that no font here has is drawn as a
        box.
    """
    plain = shown(title).replace("$", r"\$")
    axes.set_title(plain, fontsize=10, loc="left", fontfamily=list(_fonts()))


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, ...]:
    """Matplotlib's own font, and those of this machine that have what it lacks."""
    from matplotlib.font_manager import get_font_names

    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
    there = set(get_font_names())
    return ("DejaVu Sans", *(name for name in OTHER_FONTS if name in there))


def mark_bands(axes: Any, picture: Spectrogram) -> None:
    """Mark the upright axis of drawn bands in Hz, or in notes."""
    hz = picture.band_hz
    if picture.spec.kind == "cqt":
        step = picture.spec.bins_per_octave
        notes = list(range(0, len(hz), step))
        axes.set_yticks(notes, [f"{note_name(float(hz[i]))}  {hz[i]:.0f} Hz" for i in notes])
        axes.set_ylabel("note")
        return
    marks: list[str] = []
    places: list[float] = []
    for mark in (mark for mark in HZ_MARKS if hz[0] <= mark <= hz[-1]):
        place = float(np.interp(mark, hz, np.arange(len(hz))))
        if not places or place - places[-1] >= MARK_APART * len(hz):
            marks.append(f"{mark}")
            places.append(place)
    axes.set_yticks(places, marks)
    axes.set_ylabel("frequency (Hz), mel scale")


def write_picture(planes: FloatArray, path: Path | IO[bytes]) -> None:
    """Write values in [0, 1] as a PNG, row 0 at the bottom.

    Parameters
    ----------
    planes : ndarray of float32, shape (1, height, width) or (3, height, width)
        Grey, or red, green and blue.
    path : path or binary file
    """
    from PIL import Image

    dots = np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8)[:, ::-1]
    shown = dots[0] if len(dots) == 1 else np.moveaxis(dots, 0, -1)
    Image.fromarray(np.ascontiguousarray(shown)).save(path, format="png")
