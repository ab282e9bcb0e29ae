"""Lines over steps as SVG that stands in a page by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 900, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 30, 44
COLUMNS = 600
"""A line of more points than twice this is drawn by its least and greatest in so many columns."""

STYLE = """
svg.plot{display:block;max-width:none;width:100%;margin:.4rem 0 1.2rem;overflow:visible}
.plot text{font:13px system-ui,sans-serif;fill:#666}
.plot .grid{stroke:#e3e3e3} .plot .axis{stroke:#999} .plot .mark{stroke:#888;stroke-dasharray:3 4}
.plot path{fill:none;stroke-linejoin:round;stroke-linecap:round}
.key{display:inline-block;margin-right:1.4rem;white-space:nowrap}
.key i{display:inline-block;width:1.3rem;height:.28rem;border-radius:2px;margin-right:.45rem;
vertical-align:middle}
@media(prefers-color-scheme:dark){.plot text{fill:#aaa}.plot .grid{stroke:#303030}
.plot .axis{stroke:#777}}
"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """Points that are joined.

    Attributes
    ----------
    name : str
        For people.
    points : sequence of (float, float)
        Steps, ascending, and values.
    colour : str
    width : float
    opacity : float
    dots : bool
        Whether every point is marked.
    """

    name: str
    points: Points
    colour: str
    width: float = 2.2
    opacity: float = 1.0
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Where steps and values lie in a drawing.

    Attributes
    ----------
    last : float
        The last step of the axis; the first is 0.
    ticks : tuple of float
        Values that are named, the least and the greatest at the edges.
    """

    last: float
    ticks: tuple[float, ...]

    def x(self, step: float) -> float:
        """Where a step lies."""
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.last

    def y(self, value: float) -> float:
        """Where a value lies."""
        low, high = self.ticks[0], self.ticks[-1]
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """Round values from at or below `low` to at or above `high`, about `count` steps apart.

    Examples
    --------
    >>> nice_ticks(0.13, 0.92)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    >>> nice_ticks(0, 500)
    (0.0, 100.0, 200.0, 300.0, 400.0, 500.0)
    """
    span = high - low if high > low else max(abs(high), 1e-9)
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return tuple(float(f"{step * k:.12g}") for k in range(first, last + 1))


def draw(
    title: str,
    lines: Sequence[Line],
    scale: Scale,
    marks: Sequence[tuple[float, str]],
    tell: Callable[[float], str],
) -> str:
    """A drawing of lines over steps.

    Parameters
    ----------
    title : str
        What it shows, for those who cannot see it.
    lines : sequence of Line
    scale : Scale
    marks : sequence of (float, str)
        Steps at which something begins, and what.
    tell : callable
        From a value to words.

    Returns
    -------
    str
        SVG.
    """
    parts = [*_frame(scale, tell), *_marks(scale, marks)]
    for line in lines:
        path = " ".join(
            f"{'L' if place else 'M'}{scale.x(step):.1f} {scale.y(value):.1f}"
            for place, (step, value) in enumerate(thinned(line.points))
        )
        parts.append(
            f"<path d='{path}' stroke='{line.colour}' stroke-width='{line.width:g}' "
            f"stroke-opacity='{line.opacity:g}'/>"
        )
        parts += _dots(line, scale, tell) if line.dots else []
    box = f"0 0 {WIDTH} {HEIGHT}"
    drawn = "".join(parts)
    return f"<svg class=plot viewBox='{box}' role=img aria-label='{escape(title)}'>{drawn}</svg>"


def _frame(scale: Scale, tell: Callable[[float], str]) -> list[str]:
    parts, foot = list[str](), HEIGHT - BOTTOM
    for value in scale.ticks:
        y = scale.y(value)
        parts.append(
            f"<line class=grid x1={LEFT} x2={WIDTH - RIGHT} y1={y:.1f} y2={y:.1f} />"
            f"<text x={LEFT - 8} y={y + 4:.1f} text-anchor=end>{escape(tell(value))}</text>"
        )
    for step in nice_ticks(0, scale.last, 8):
        if step <= scale.last:
            x = scale.x(step)
            parts.append(f"<line class=axis x1={x:.1f} x2={x:.1f} y1={foot} y2={foot + 5} />")
            parts.append(f"<text x={x:.1f} y={foot + 20} text-anchor=middle>{step:g}</text>")
    parts.append(f"<line class=axis x1={LEFT} x2={WIDTH - RIGHT} y1={foot} y2={foot} />")
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f"<text x={middle:g} y={HEIGHT - 6} text-anchor=middle>step</text>")
    return parts


def _marks(scale: Scale, marks: Sequence[tuple[float, str]]) -> list[str]:
    parts = []
    edges = [*(scale.x(step) for step, _ in marks[1:]), WIDTH - RIGHT]
    for (step, words), edge in zip(marks, edges, strict=True):
        x = scale.x(step)
        if step > 0:
            parts.append(
                f"<line class=mark x1={x:.1f} x2={x:.1f} y1={TOP - 6} y2={HEIGHT - BOTTOM} />"
            )
        name = f"<title>{escape(words)}, from step {step + 1:g}</title>"
        if 6.8 * len(words) < edge - x:  # else it would run into the next one
            parts.append(f"<text x={x + 5:.1f} y={TOP - 12}>{escape(words)}{name}</text>")
    return parts


def _dots(line: Line, scale: Scale, tell: Callable[[float], str]) -> list[str]:
    return [
        f"<circle cx={scale.x(step):.1f} cy={scale.y(value):.1f} r=4.5 fill='{line.colour}'>"
        f"<title>{escape(line.name)}, step {step:g}: {escape(tell(value))}</title></circle>"
        for step, value in line.points
    ]


def thinned(points: Points) -> Points:
    """The least and the greatest of every column, where there are too many points to see.

    Examples
    --------
    >>> len(thinned([(step, step % 7) for step in range(50_000)])) <= 2 * COLUMNS
    True
    """
    if len(points) <= 2 * COLUMNS:
        return points
    found: list[tuple[float, float]] = []
    for column in range(COLUMNS):
        first = column * len(points) // COLUMNS
        here = points[first : (column + 1) * len(points) // COLUMNS]
        ends = {min(here, key=lambda p: p[1]), max(here, key=lambda p: p[1])}
        found += sorted(ends)
    return found


def key(lines: Sequence[tuple[str, str]]) -> str:
    """What the colours mean, as HTML: pairs of colour and name."""
    items = (
        f"<span class=key><i style='background:{colour}'></i>{escape(name)}</span>"
        for colour, name in lines
    )
    return f"<p class=note>{''.join(items)}</p>"
