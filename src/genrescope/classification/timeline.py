"""Probabilities over the course of a recording, and the stretches it falls into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrescope.audio import ALL_WINDOWS, AudioSource, Change, WindowChoice
from genrescope.classification.agreement import weigh
from genrescope.classification.classifier import Classifier
from genrescope.classification.drawing import Tell
from genrescope.types import Comparison, FloatArray, Prediction, Segment, Timeline

MOST_PLACES = 4096
"""Of more steps than that, which then overlap, not every one may begin a segment."""

APART_BITS = 0.1
"""Networks that differ by less are of one mind."""

PENALTY = 0.5
"""What one more segment must save, in squared Hellinger distance times windows; see `segment`."""


def trace(
    classifier: Classifier,
    source: AudioSource,
    *,
    every: float | None = None,
    start: float = 0.0,
    duration: float | None = None,
    tell: Tell | None = None,
    changes: Sequence[Change] = (),
) -> Timeline:
    """Follow the models through a recording: decoded once, in memory that does not grow with it.

    Parameters
    ----------
    classifier : Classifier
    source : path or binary file
    every : float, optional
        Seconds from window to window, in [0.5, 60]; by default windows lie end to end, the same
        that `Classifier.classify` looks at.
    start, duration : float
        The stretch to look at, in seconds; to the end by default.
    tell : callable, optional
        Hears of progress.
    changes : sequence of Change
        Made to the sound first.

    Returns
    -------
    Timeline

    Raises
    ------
    AudioError
        If the source is no sound, or holds none, or `every` is too short or too long.
    """
    choice = ALL_WINDOWS if every is None else WindowChoice("every", seconds=every)
    result = classifier.classify(
        source, windows=choice, start=start, duration=duration, tell=tell, changes=changes
    )
    return lay_out(result, every)


def lay_out(result: Prediction | Comparison, every: float | None = None) -> Timeline:
    """Bring the windows of a result's models onto one line of time.

    Parameters
    ----------
    result : Prediction or Comparison
        Whose predictions know how long a window is, and of which the first begins where what was
        looked at does.
    every : float, optional
        Seconds from window to window; as long as the longest window by default.

    Returns
    -------
    Timeline
        Its steps are the windows of the model with the longest ones. Of another model a step has
        the mean over the windows whose middles lie in it, or the window nearest to it.
    """
    predictions = result.predictions if isinstance(result, Comparison) else (result,)
    slowest = max(predictions, key=lambda p: p.window_seconds)
    longest = slowest.window_seconds
    step = every or longest
    middles = {
        p.model: np.asarray(p.window_starts) + min(p.window_seconds, p.seconds) / 2
        for p in predictions
    }
    seconds = middles[slowest.model]
    rows = [_at(seconds, step, middles[p.model], p.per_window) for p in predictions]
    per_model = np.stack(rows)
    weighed = weigh(np.moveaxis(per_model, 0, 1))
    begin = slowest.window_starts[0]
    cuts = change_points(weighed.mean, min(1.0, step / longest))
    return Timeline(
        result=result,
        seconds=seconds,
        step=step,
        probabilities=weighed.mean.astype(np.float32),
        per_model=per_model,
        divergence=weighed.divergence if len(predictions) > 1 else None,
        segments=_segments(
            result.labels, seconds, weighed.mean, cuts, (begin, begin + slowest.seconds)
        ),
    )


def _at(
    seconds: NDArray[np.float64], step: float, middles: NDArray[np.float64], rows: FloatArray
) -> FloatArray:
    """A model's rows brought to the steps around `seconds`, where they do not lie there already."""
    if np.array_equal(seconds, middles):
        return rows
    laid = np.empty((len(seconds), rows.shape[1]), dtype=np.float32)
    firsts = np.searchsorted(middles, seconds - step / 2 - 1e-6)
    ends = np.searchsorted(middles, seconds + step / 2 - 1e-6)
    for place, (first, end) in enumerate(zip(firsts, ends, strict=True)):
        if first == end:
            nearest = int(np.abs(middles - seconds[place]).argmin())
            laid[place] = rows[nearest]
        else:
            laid[place] = rows[first:end].mean(axis=0)
    return laid


def change_points(probabilities: NDArray[np.floating], weight: float = 1.0) -> tuple[int, ...]:
    """Where a run of probabilities changes: the first step of every segment but the first.

    Parameters
    ----------
    probabilities : ndarray, shape (n, genres)
        Each row sums to 1.
    weight : float
        How much of a window every step adds, in (0, 1]: less than 1 where windows overlap.

    Returns
    -------
    tuple of int
        Ascending, each in [1, n).

    Notes
    -----
    The cut with the least cost among all cuts (optimal partitioning with the pruning of PELT,
    Killick, Fearnhead and Eckley 2012, doi 10.1080/01621459.2012.737745). A segment costs the
    squared distances of its rows' square roots from their mean, so rows are compared by the
    Hellinger distance, and `PENALTY` more: it pays to cut out one window that is wholly sure of
    another genre, or several that are half sure.

    Pruning helps only where the genre changes. Where windows overlap and there are more than
    `MOST_PLACES`, cuts lie at every few of them, no further apart than half a window.

    Examples
    --------
    >>> sure = np.eye(3)[[0, 0, 0, 2, 2, 2, 1, 1, 1]]
    >>> change_points(sure)
    (3, 6)
    """
    roots = np.sqrt(np.asarray(probabilities, dtype=np.float64))
    count = len(roots)
    stride = max(1, min(-(-count // MOST_PLACES), int(0.5 / weight)))
    sums = np.vstack([np.zeros(roots.shape[1]), np.cumsum(roots, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((roots**2).sum(axis=1))])
    best = np.full(count + 1, -PENALTY)
    before = np.zeros(count + 1, dtype=np.int64)
    open_starts = np.zeros(1, dtype=np.int64)
    for end in (*range(stride, count, stride), count):
        length = end - open_starts
        drift = squares[end] - squares[open_starts]
        drift -= ((sums[end] - sums[open_starts]) ** 2).sum(axis=1) / length
        cost = best[open_starts] + weight * np.maximum(drift, 0.0)
        least = int(cost.argmin())
        best[end] = cost[least] + PENALTY
        before[end] = open_starts[least]
        open_starts = np.append(open_starts[cost <= best[end]], end)
    cuts: list[int] = []
    end = int(before[count])
    while end > 0:
        cuts.append(end)
        end = int(before[end])
    return tuple(reversed(cuts))


def find_disagreements(timeline: Timeline, most: int = 5, least_seconds: float = 10.0) -> list[int]:
    """Where several models pull apart most: the steps to jump to.

    Parameters
    ----------
    timeline : Timeline
    most : int
        How many at most.
    least_seconds : float
        How far from one another at least; a window by default, lest one place be named twice.

    Returns
    -------
    list of int
        Places of steps, the greatest divergence first; none below `APART_BITS`.
    """
    bits = timeline.divergence
    if bits is None:
        return []
    found: list[int] = []
    for place in np.argsort(-bits, kind="stable").tolist():
        if len(found) == most or bits[place] < APART_BITS:
            break
        gaps = np.abs(timeline.seconds[found] - timeline.seconds[place])
        if not found or gaps.min() >= least_seconds:
            found.append(place)
    return found


def _segments(
    labels: tuple[str, ...],
    seconds: NDArray[np.float64],
    mean: NDArray[np.float64],
    cuts: tuple[int, ...],
    ends: tuple[float, float],
) -> tuple[Segment, ...]:
    """The stretches between cuts; neighbours of one genre are one.

    A stretch's windows are weighed as a song's are, so that one that fills the song says the same.
    """
    edges = [0, *cuts, len(mean)]
    chosen = [int(weigh(mean[a:b]).mean.argmax()) for a, b in pairwise(edges)]
    kept = [0, *(i for i in range(1, len(chosen)) if chosen[i] != chosen[i - 1])]
    found = []
    for number, piece in enumerate(kept):
        first = edges[piece]
        last = edges[kept[number + 1]] if number + 1 < len(kept) else len(mean)
        begin = ends[0] if first == 0 else float(seconds[first - 1] + seconds[first]) / 2
        end = ends[1] if last == len(mean) else float(seconds[last - 1] + seconds[last]) / 2
        share = float(weigh(mean[first:last]).mean[chosen[piece]])
        found.append(Segment(begin, end, labels[chosen[piece]], share))
    return tuple(found)
