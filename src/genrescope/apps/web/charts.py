"""Two small plots as SVG: reliability, and accuracy against time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from genrescope.apps.web.texts import Texts
from genrescope.types import Band

SIZE, LEFT, BOTTOM, EDGE = 420, 52, 46, 14
INSIDE = SIZE - LEFT - EDGE
TALL = SIZE - BOTTOM - EDGE
INK, BLUE, GREY = "#1f2937", "#1d4ed8", "#9ca3af"


def _svg(body: str, label: str) -> str:
    return (
        f'<svg class="gs-plotted" viewBox="0 0 {SIZE} {SIZE}" role="img" '
        f'aria-label="{escape(label)}" style="background:#ffffff" font-family="system-ui" '
        f'font-size="12" fill="{INK}">{body}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", turn: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = GREY, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )


def _titles(x: str, y: str) -> str:
    middle = EDGE + TALL / 2
    turn = f' transform="rotate(-90 13 {middle:.1f})"'
    return _text(LEFT + INSIDE / 2, SIZE - 8, x) + _text(13, middle, y, turn=turn)


def _up(share: float) -> float:
    return EDGE + TALL * (1 - share)


def reliability(bands: Sequence[Band], texts: Texts) -> str:
    """Share of right first choices by their probability, songs beside each point.

    Parameters
    ----------
    bands : sequence of Band
    texts : Texts

    Returns
    -------
    str
        SVG, or "" where there are no bands.
    """
    if not any(band.songs for band in bands):
        return ""
    parts = [_line(LEFT, _up(0), LEFT + INSIDE, _up(1))]
    for tenth in range(0, 11, 2):
        share = tenth / 10
        x = LEFT + INSIDE * share
        parts += [
            _line(x, _up(0), x, _up(0) + 4, INK),
            _line(LEFT - 4, _up(share), LEFT, _up(share), INK),
        ]
        parts += [
            _text(x, _up(0) + 18, f"{10 * tenth}"),
            _text(LEFT - 8, _up(share) + 4, f"{10 * tenth}", "end"),
        ]
    for i, band in enumerate(bands):
        if band.songs:
            x = LEFT + INSIDE * (band.low + band.high) / 2
            y = _up(band.right / band.songs)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{BLUE}"/>')
            parts.append(_text(x, y + (18 if i % 2 else -9), f"{band.right}/{band.songs}"))
    parts.append(_titles(f"{texts('analyse.probability')}, %", "%"))
    return _svg("".join(parts), texts("models.reliability_text"))


def accuracy_by_time(points: Sequence[tuple[str, float, float, float, float]], texts: Texts) -> str:
    """Models as points: milliseconds a look, and top-1 with its interval.

    Parameters
    ----------
    points : sequence of (name, milliseconds, value, low, high)
        Shares in [0, 1].
    texts : Texts
    """
    if not points:
        return ""
    longest = 1.25 * max(ms for _, ms, *_ in points)
    parts = [_line(LEFT, _up(0), LEFT + INSIDE, _up(0), INK), _line(LEFT, _up(0), LEFT, EDGE, INK)]
    for tenth in range(0, 11, 2):
        y = _up(tenth / 10)
        parts += [
            _line(LEFT, y, LEFT + INSIDE, y, "#e5e7eb"),
            _text(LEFT - 8, y + 4, f"{10 * tenth}", "end"),
        ]
    for i in range(5):
        x = LEFT + INSIDE * i / 4
        parts.append(_text(x, _up(0) + 18, f"{longest * i / 4:.1f}"))
    for i, (name, ms, value, low, high) in enumerate(points):
        x = LEFT + INSIDE * ms / longest
        parts.append(_line(x, _up(low), x, _up(high), BLUE, 2))
        parts.append(f'<circle cx="{x:.1f}" cy="{_up(value):.1f}" r="5" fill="{BLUE}"/>')
        parts.append(_text(x, _up(high) - 6 - 14 * (i % 3), name))
    parts.append(_titles(texts("models.x"), texts("models.y")))
    return _svg("".join(parts), texts("models.plot_text"))
