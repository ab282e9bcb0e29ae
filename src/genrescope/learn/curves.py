"""How a training run went, as one page of curves that opens anywhere and needs nothing beside it.

It is drawn from the run's log, so that a run that was stopped and taken up has the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from genrescope.learn import plot, sheet
from genrescope.learn.logbook import LOG, Entry, read_logbook
from genrescope.learn.recipe import Recipe
from genrescope.models.whole import write_whole

CURVES = "curves.html"
COLOURS = ("#3b6ea8", "#d0662a", "#2f8f6b", "#b0578f", "#b8901f", "#4aa3c7", "#7a6fc0", "#888888")
SHARE = 40
"""The moving mean is over one in so many of the steps, at least `LEAST`."""

LEAST = 5
KINDS = {"mel": "mel", "cqt": "constant-Q"}


def write_curves(folder: Path, recipe: Recipe | None = None) -> Path | None:
    """Write ``curves.html`` beside a run's log, whole or not at all.

    Parameters
    ----------
    folder : Path
        That holds ``log.jsonl``.
    recipe : Recipe, optional
        Of the run: names its stages and says how many steps there will be. Without it stages are
        told by the size of their pictures.

    Returns
    -------
    Path or None
        None where nothing was logged yet.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    entries = read_logbook(folder / LOG)
    if not entries:
        return None
    name = folder.name if recipe is None else recipe.name
    marks = _stages(entries, recipe)
    steps = max(entries[-1].step, 0 if recipe is None else recipe.steps)
    parts = [
        f"<h1>{escape(name)}: how it learned</h1>",
        f"<p class=note>{escape(_subtitle(entries, recipe, steps))} {_told_stages(recipe)}</p>",
        *_loss(entries, steps, marks),
        *_valid(entries, steps, marks),
        *_rate(entries, steps, marks),
    ]
    page = sheet.document(f"{name}: how it learned", parts, plot.STYLE)
    write_whole(folder / CURVES, page.encode("utf-8", "replace"))
    return folder / CURVES


def moving_mean(values: Sequence[float], width: int) -> list[float]:
    """Mean over up to `width` values around each, fewer at both ends.

    Examples
    --------
    >>> moving_mean([0.0, 3.0, 6.0, 3.0], 3)
    [1.5, 3.0, 4.0, 4.5]
    """
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=np.float64))])
    places, half = np.arange(len(values)), width // 2
    low, high = np.maximum(0, places - half), np.minimum(len(values), places + half + 1)
    means: list[float] = ((sums[high] - sums[low]) / (high - low)).tolist()
    return means


def _subtitle(entries: Sequence[Entry], recipe: Recipe | None, steps: int) -> str:
    done = entries[-1].step
    what = "" if recipe is None else f"{recipe.network}, {KINDS.get(recipe.kind, recipe.kind)}. "
    count = f"{done} steps" if done == steps else f"{done} of {steps} steps so far"
    seconds = sum(entry.seconds for entry in entries)
    took = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    return f"{what}{count}, {took} of learning and validating."


def _stages(entries: Sequence[Entry], recipe: Recipe | None) -> list[tuple[float, str]]:
    """The step before each stage's first, and how large its pictures are."""
    marks: list[tuple[float, str]] = []
    if recipe is None:
        for before, entry in zip([None, *entries], entries, strict=False):
            if before is None or before.pixels != entry.pixels:
                marks.append((entry.step - 1, f"{entry.pixels} px"))
        return marks
    begun = 0
    for stage in recipe.stages:
        part = ", head" if stage.part == "head" else ""
        marks.append((begun, f"{stage.pixels} px{part}"))
        begun += stage.steps
    return marks


def _told_stages(recipe: Recipe | None) -> str:
    if recipe is None:
        return ""
    told = [
        f"{stage.steps} steps of {stage.batch} pictures of {stage.pixels} × {stage.pixels}"
        + (" (only the head learns)" if stage.part == "head" else "")
        for stage in recipe.stages
    ]
    return f"Stages: {', then '.join(told)}."


def _means(
    places: Sequence[float], losses: Sequence[float], width: int, marks: Sequence[tuple[float, str]]
) -> list[plot.Points]:
    """The moving mean of each stage by itself: what is before a jump says nothing of after it."""
    begins = [start for start, _ in marks]
    found = []
    for begin, end in zip(begins, [*begins[1:], float("inf")], strict=True):
        here = [i for i, place in enumerate(places) if begin < place <= end]
        means = moving_mean([losses[i] for i in here], width)
        found.append([(places[i], mean) for i, mean in zip(here, means, strict=True)])
    return [points for points in found if points]


def _loss(
    entries: Sequence[Entry], steps: int, marks: Sequence[tuple[float, str]]
) -> tuple[str, ...]:
    losses = [entry.loss for entry in entries]
    width = max(LEAST, len(losses) // SHARE) | 1
    places = [float(entry.step) for entry in entries]
    lines = [
        plot.Line("each step", list(zip(places, losses, strict=True)), COLOURS[0], 1.0, 0.35),
        *(
            plot.Line("moving mean", points, COLOURS[0], 2.6)
            for points in _means(places, losses, width, marks)
        ),
    ]
    scale = plot.Scale(steps, plot.nice_ticks(min(losses), max(losses)))
    return (
        "<h2>Loss</h2>",
        f"<p class=note>Cross-entropy on what it learns from, in nats; bold: the mean over {width} "
        "steps. Where targets are softened (smoothing, mixed genres, teachers) it does not fall "
        "to 0, and it may jump where a stage begins.</p>",
        plot.draw("Loss by step", lines, scale, marks, lambda value: f"{value:g}"),
    )


def _valid(
    entries: Sequence[Entry], steps: int, marks: Sequence[tuple[float, str]]
) -> tuple[str, ...]:
    measured = [entry for entry in entries if entry.valid]
    names = list(dict.fromkeys(name for entry in measured for name in entry.valid))
    head = "<h2>Validation songs named rightly</h2>"
    if not names:
        return (head, "<p class=note>Not measured yet.</p>")
    lines = []
    for place, name in enumerate(names):
        points = [(float(e.step), e.valid[name]) for e in measured if name in e.valid]
        lines.append(plot.Line(name, points, COLOURS[place % len(COLOURS)], dots=True))
    shares = [value for line in lines for _, value in line.points]
    scale = plot.Scale(steps, plot.nice_ticks(min(*shares, 0.5), max(shares)))
    drawn = (
        plot.key([(line.colour, f"{line.name} {_percent(line.points[-1][1])}") for line in lines]),
        plot.draw("Top-1 on validation songs", lines, scale, marks, lambda v: f"{100 * v:g} %"),
    )
    return (
        head,
        "<p class=note>First choice right, by song, of songs that it does not learn from; "
        "with the moving average of its weights, at the stage's size of picture.</p>",
        *(drawn if len(measured) > 1 else ()),
        sheet.table(
            ("step", *map(escape, names)),
            [
                (str(e.step), *(_percent(e.valid[n]) if n in e.valid else "" for n in names))
                for e in measured
            ],
        ),
    )


def _rate(
    entries: Sequence[Entry], steps: int, marks: Sequence[tuple[float, str]]
) -> tuple[str, ...]:
    points = [(float(e.step), e.rate) for e in entries if e.rate is not None]
    if not points:
        return ()
    scale = plot.Scale(steps, plot.nice_ticks(0.0, max(rate for _, rate in points)))
    line = plot.Line("learning rate", points, COLOURS[2])
    drawn = plot.draw("Learning rate by step", [line], scale, marks, lambda value: f"{value:g}")
    return ("<h2>Learning rate</h2>", drawn)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
