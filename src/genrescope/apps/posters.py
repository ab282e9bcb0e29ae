"""Explanations and timelines as pictures for people."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from genrescope.apps.drawing import DOTS_PER_INCH, mark_bands, set_title
from genrescope.classification import taxonomies
from genrescope.types import Explanation, FloatArray, TaxonomyError, Timeline

FOR, AGAINST = "#e8590c", "#1971c2"
LEAST_SHARE = 0.05
"""Genres that never reach it on a timeline are drawn as one."""
OTHERS = "#c9c9c9"
SHADES = (0.0, 0.3, -0.25, 0.5)
"""How far towards white or black a family's genres are drawn, in their order."""
_DRAWING = threading.Lock()  # Matplotlib is not made for threads


def to_png(draw: Callable[[IO[bytes]], None]) -> bytes:
    """What a function draws into a file, as bytes; one at a time, for servers with threads."""
    image = io.BytesIO()
    with _DRAWING:
        draw(image)
    return image.getvalue()


def draw_explanation(
    explanation: Explanation, title: str, path: Path | IO[bytes], *, narrow: bool = False
) -> None:
    """Write an explanation as PNG: evidence over the spectrogram, by time and by band beside it.

    Parameters
    ----------
    explanation : Explanation
        What speaks for its label is drawn orange, what speaks against it blue.
    title : str
    path : Path or binary file
        An existing file is replaced.
    narrow : bool
        For the screen of a phone.
    """
    figure, panels = _panels(narrow)
    picture, evidence = explanation.spectrogram, explanation.evidence
    bands = picture.spec.bands
    seconds = picture.frame_seconds
    half = picture.spec.hop_length / picture.spec.sample_rate / 2
    extent = (float(seconds[0]) - half, float(seconds[-1]) + half, -0.5, bands - 0.5)
    low, high = picture.spec.value_range
    shown = {"origin": "lower", "aspect": "auto", "extent": extent, "interpolation": "nearest"}
    axes = panels["m"]
    axes.imshow(picture.values, cmap="gray", vmin=low, vmax=high, **shown)
    largest = float(np.abs(evidence).max()) or 1.0
    axes.imshow(_tinted(evidence / largest), **shown)
    set_title(axes, title)
    mark_bands(axes, picture)
    axes.tick_params(labelbottom=False)
    _strip(panels["t"], seconds, explanation.by_time, upright=True)
    panels["t"].set_xlabel("time (s)")
    panels["t"].set_xlim(extent[:2])
    _strip(panels["b"], np.arange(bands), explanation.by_band, upright=False)
    panels["b"].set_ylim(extent[2:])
    panels["b"].tick_params(labelleft=False)
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png")


def explanation_title(explanation: Explanation) -> str:
    """What is explained, of which sound, by whom, in one line."""
    said = explanation.prediction
    share = f"{explanation.probability:.0%}".replace("%", " %")
    name = Path(said.source).name
    return f"{name}: {explanation.label} ({share}) by {said.model}, {explanation.method}"


def _panels(narrow: bool) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.6) if narrow else (11, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    widths = (4, 1) if narrow else (7, 1)
    return figure, figure.subplot_mosaic("mb;t.", width_ratios=widths, height_ratios=(5, 1))


def _strip(axes: Any, places: Any, values: FloatArray, *, upright: bool) -> None:
    """Evidence along one axis as an area, orange above nothing and blue below."""
    fill = axes.fill_between if upright else axes.fill_betweenx
    fill(places, 0, np.maximum(values, 0), color=FOR, step="mid", linewidth=0)
    fill(places, 0, np.minimum(values, 0), color=AGAINST, step="mid", linewidth=0)
    largest = float(np.abs(values).max()) * 1.1 or 1.0
    (axes.set_ylim if upright else axes.set_xlim)(-largest, largest)
    (axes.set_ylabel if upright else axes.set_xlabel)("logits", fontsize=8)
    axes.tick_params(labelsize=8)


def _tinted(share: FloatArray) -> FloatArray:
    """Evidence in [-1, 1] as colours: stronger evidence hides more of what is below."""
    from matplotlib.colors import to_rgb

    colours = np.where(share[..., None] >= 0, to_rgb(FOR), to_rgb(AGAINST))
    tinted: FloatArray = np.concatenate([colours, 0.75 * np.abs(share)[..., None]], axis=-1).astype(
        np.float32
    )
    return tinted


def draw_timeline(
    timeline: Timeline, title: str, path: Path | IO[bytes], *, narrow: bool = False
) -> None:
    """Write a timeline as PNG: stacked probabilities, segments, and where models disagree.

    Parameters
    ----------
    timeline : Timeline
    title : str
    path : Path or binary file
        An existing file is replaced.
    narrow : bool
        For the screen of a phone: without the names of the colours.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    several = timeline.divergence is not None
    size = (4.2 if narrow else 11, 5.2 if several else 4.4)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    ratios = (6, 1, 2) if several else (6, 1)
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    _stack(panels[0], timeline)
    set_title(panels[0], title)
    if not narrow:
        panels[0].legend(
            loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False, reverse=True
        )
    _draw_segments(panels[1], timeline, 0.25 if narrow else 0.06)
    if timeline.divergence is not None:
        edges, rows = step_edges(timeline, timeline.divergence[:, None].astype(np.float32))
        panels[2].fill_between(edges, 0, rows[:, 0], color="#444444", step="post", linewidth=0)
        panels[2].set_ylim(0, max(0.2, float(timeline.divergence.max()) * 1.1))
        panels[2].set_ylabel("models apart\n(bits)", fontsize=8)
    panels[-1].set_xlabel("time (s)")
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png")


def _stack(axes: Any, timeline: Timeline) -> None:
    shown = shown_genres(timeline)
    places = [timeline.labels.index(label) for label in shown]
    rows = timeline.probabilities[:, places]
    rest = np.maximum(0, 1 - rows.sum(axis=1, keepdims=True))
    edges, stacked = step_edges(timeline, np.concatenate([rows, rest], axis=1))
    tops = np.cumsum(stacked, axis=1)
    names = [*shown, "others"]
    for column, name in enumerate(names):
        below = tops[:, column - 1] if column else np.zeros(len(edges))
        colour = OTHERS if name == "others" else genre_colour(name)
        axes.fill_between(
            edges, below, tops[:, column], color=colour, label=name, step="post", linewidth=0
        )
    axes.set_ylim(0, 1)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylabel("probability")


def _draw_segments(axes: Any, timeline: Timeline, least: float) -> None:
    """Segments as bars; those that take `least` of the whole at least with their genre."""
    whole = timeline.segments[-1].end - timeline.segments[0].start
    for segment in timeline.segments:
        width = segment.end - segment.start
        colour = genre_colour(segment.genre)
        axes.barh(0, width, left=segment.start, color=colour, edgecolor="white", height=1)
        if width > least * whole:
            middle = (segment.start + segment.end) / 2
            axes.text(middle, 0, segment.genre, ha="center", va="center", fontsize=8, color="white")
    axes.set_yticks([])
    axes.set_ylabel("segments", fontsize=8)


def step_edges(timeline: Timeline, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Edges of the steps and their rows, the last one twice, for areas drawn in steps.

    Parameters
    ----------
    timeline : Timeline
    rows : ndarray of float32, shape (n, columns)
        Of the steps.

    Returns
    -------
    edges : ndarray of float32, shape (n + 1,)
        In seconds of the source.
    rows : ndarray of float32, shape (n + 1, columns)
    """
    middles = timeline.seconds
    between = (middles[:-1] + middles[1:]) / 2
    ends = (timeline.segments[0].start, timeline.segments[-1].end)
    edges = np.concatenate([[ends[0]], between, [ends[1]]]).astype(np.float32)
    return edges, np.concatenate([rows, rows[-1:]])


def shown_genres(timeline: Timeline) -> tuple[str, ...]:
    """Labels that are drawn by themselves: those that reach `LEAST_SHARE` somewhere, in order."""
    reached = timeline.probabilities.max(axis=0) >= LEAST_SHARE
    return tuple(label for label, shown in zip(timeline.labels, reached, strict=True) if shown)


def genre_colour(label: str) -> str:
    """The colour of a genre: its family's, in a shade of its own."""
    from matplotlib.colors import to_hex, to_rgb

    taxonomy = taxonomies.load("genres16")
    try:
        family = taxonomy.genre(label).family
    except TaxonomyError:
        return "#8a8a8a"
    members = [genre.label for genre in taxonomy.genres if genre.family == family]
    shade = SHADES[members.index(label) % len(SHADES)]
    towards = 1.0 if shade > 0 else 0.0
    red, green, blue = (part + (towards - part) * abs(shade) for part in to_rgb(family.colour))
    return str(to_hex((red, green, blue)))
