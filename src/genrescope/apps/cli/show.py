"""How results look in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genrescope.apps.results import UNSEEN_TOLD
from genrescope.classification import taxonomies
from genrescope.classification.trust import hardly_music
from genrescope.types import (
    Comparison,
    FloatArray,
    Notice,
    Prediction,
    TaxonomyError,
)

BAR_CELLS = 24
ABREAST = 5
"""So many genres stand side by side in a table of models."""
UNKNOWN_COLOUR = "#8a8a8a"
EIGHTHS = " ▏▎▍▌▋▊▉"


@lru_cache(maxsize=1)
def out() -> Console:
    """Standard output. Names and cards are words of others: nothing in them is markup."""
    return Console(soft_wrap=True, markup=False, emoji=False)


@lru_cache(maxsize=1)
def err() -> Console:
    """Standard error: progress and complaints."""
    return Console(stderr=True, soft_wrap=True, markup=False, emoji=False)


def has_colours() -> bool:
    """Whether standard output shows colours."""
    return out().color_system is not None and not out().no_color


def complain(message: str) -> None:
    """One error, on standard error."""
    line = Text("genrescope:", style="bold red")
    err().print(Text.assemble(line, f" {message}"), highlight=False)


def remark(message: str) -> None:
    """Something worth knowing that is no error, on standard error."""
    err().print(Text(message, style="dim"), highlight=False)


def announce(message: str) -> None:
    """Something that a person waits for, on standard error, as it is."""
    err().print(Text(message), highlight=False)


def colour_of(label: str, taxonomy: str = "genres16") -> str:
    """The colour of a label's family; grey where the taxonomy does not hold it."""
    try:
        return taxonomies.load(taxonomy).genre(label).family.colour
    except TaxonomyError:
        return UNKNOWN_COLOUR


def bar(share: float, cells: int = BAR_CELLS) -> str:
    """A bar for a share in [0, 1], to an eighth of a character.

    Examples
    --------
    >>> bar(0.5, 4)
    '██  '
    """
    eighths = round(max(0.0, min(1.0, share)) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(cells)


def clock(seconds: float) -> str:
    """Seconds as people read them.

    Examples
    --------
    >>> clock(65.2), clock(3725), clock(1.5), clock(59.9)
    ('1:05', '1:02:05', '0:01.5', '1:00')
    """
    if seconds < 10:
        return f"0:{seconds:04.1f}"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def show_prediction(
    prediction: Prediction, top: int, timeline: bool = False, whole: bool = False
) -> None:
    """Headline, bars and notices of one model's prediction; for `whole` see `_extent`."""
    genre, share = prediction.top(1)[0]
    aside = f"{_named(prediction)}, {_extent(prediction, whole)}"
    show_headline(prediction.source, genre, share, aside)
    _doubt(prediction.music)
    _bars(prediction.top(top))
    show_notices(prediction.notices)
    if timeline:
        _timeline(prediction)
    out().print()


def _named(prediction: Prediction) -> str:
    """The model's name, marked where others trained it."""
    return f"{prediction.model} (pre-trained)" if prediction.pretrained else prediction.model


def _extent(prediction: Prediction, whole: bool) -> str:
    """How much was looked at; what no window reached at the end, where all were asked for."""
    count = len(prediction.window_starts)
    text = f"{clock(prediction.seconds)} in {count} window{'s' if count != 1 else ''}"
    left = prediction.unseen_seconds if whole else 0.0
    return f"{text}, the last {clock(left)} not looked at" if left > UNSEEN_TOLD else text


def show_headline(source: str, genre: str, share: float, aside: str) -> None:
    """What was listened to, what it is, and who says so."""
    line = Text(source, style="bold")
    line.append("  ")
    line.append(f"{genre} ({share:.1%})".replace("%", " %"), style=f"bold {colour_of(genre)}")
    line.append(f"  {aside}", style="dim")
    out().print(line, highlight=False)


def _doubt(music: float | None) -> None:
    """Say so where this may be no music at all, whatever the genres below it."""
    if hardly_music(music):
        words = f"  Not music? Confidence that this is music at all: {music * 100:.0f} %"
        out().print(Text(words, style="bold yellow"), highlight=False)


def _bars(pairs: tuple[tuple[str, float], ...]) -> None:
    cells = max(10, *(cell_len(label) for label, _ in pairs))
    for label, share in pairs:
        line = Text(f"  {label}{' ' * (cells - cell_len(label) + 1)}")
        line.append(bar(share), style=colour_of(label))
        line.append(f" {share * 100:5.1f} %")
        out().print(line, highlight=False)


def show_notices(notices: tuple[Notice, ...]) -> None:
    """What is worth knowing of the sound, a line each."""
    for notice in notices:
        out().print(Text(f"  ! {notice.message}", style="yellow"), highlight=False)


def _timeline(prediction: Prediction) -> None:
    for start, row in zip(prediction.window_starts, prediction.per_window, strict=True):
        best = _best(prediction.labels, row)
        line = Text(f"  {clock(start):>8}  ", style="dim")
        for label, share in best:
            line.append(f"{label} {share:.0%}   ", style=colour_of(label))
        out().print(line, highlight=False)


def _best(labels: tuple[str, ...], row: FloatArray, count: int = 3) -> list[tuple[str, float]]:
    order = (-row).argsort(kind="stable")[:count]
    return [(labels[i], float(row[i])) for i in order]


def show_comparison(
    comparison: Comparison, top: int, timeline: bool = False, whole: bool = False
) -> None:
    """Several models side by side, and what they say together; the rest as `show_prediction`."""
    first = comparison.predictions[0]
    genre, share = comparison.top(1)[0]
    count = len(comparison.predictions)
    show_headline(first.source, genre, share, f"mean of {count} models, {_extent(first, whole)}")
    _doubt(comparison.music)
    ranked = comparison.top(top)
    for first_column in range(0, len(ranked), ABREAST):
        out().print(_abreast(comparison, ranked[first_column : first_column + ABREAST]))
    out().print(f"  {_verdict(comparison)}", highlight=False)
    show_notices(first.notices)
    if timeline:
        for prediction in comparison.predictions:
            out().print(f"  {prediction.model}", style="dim", highlight=False)
            _timeline(prediction)
    out().print()


def _abreast(comparison: Comparison, ranked: Sequence[tuple[str, float]]) -> Table:
    """A row a model under some of the mean's genres, the mean above all."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    table.add_column("", overflow="fold")
    for label, _ in ranked:
        table.add_column(Text(label, style=colour_of(label)), justify="right")
    table.add_row("  mean", *(f"{share * 100:.1f} %" for _, share in ranked), style="bold")
    places = [comparison.labels.index(label) for label, _ in ranked]
    for prediction in comparison.predictions:
        shares = (f"{float(prediction.probabilities[place]) * 100:.1f} %" for place in places)
        table.add_row(f"  {_named(prediction)}", *shares)
    return table


def _verdict(comparison: Comparison) -> str:
    count = len(comparison.predictions)
    agreeing = round(comparison.agreement * count)
    text = f"{agreeing} of {count} agree, divergence {comparison.divergence:.2f} bits"
    if comparison.dissenters:
        text += "; " + ", ".join(f"{model} says {genre}" for model, genre in comparison.dissenters)
    return text


def is_terminal() -> bool:
    """Whether a person watches standard error."""
    return sys.stderr.isatty()
