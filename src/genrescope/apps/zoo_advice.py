"""What the zoo's figures say to someone who has to choose a model, and to believe a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genrescope.apps.markdown import cell
from genrescope.learn.second_look import SecondLook
from genrescope.types import Band, ModelCard, Report, Score

GAUGES = ("auroc", "music_kept", "others_caught")
GAUGE_HEADER = (
    "model",
    "AUROC",
    "AUROC, music cut to 5 s",
    "music kept, %",
    "other sounds caught, %",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model takes.

    Attributes
    ----------
    name : str
    size_bytes : int
        Of its file.
    milliseconds : float
        A window.
    """

    name: str
    size_bytes: int
    milliseconds: float


def advise(costs: Sequence[Cost], reports: Sequence[Report]) -> list[str]:
    """Which model for which need, as a Markdown list; from the first set, real audio.

    Two models are told apart where their 95 % intervals of top-1 do not overlap.

    Parameters
    ----------
    costs : sequence of Cost
        One a model.
    reports : sequence of Report
        The first report of each model counts; those of several models together are left out.
    """
    scores: dict[str, Score] = {}
    for report in reports:
        scores.setdefault(report.model, report.score("top1"))
    best = max(costs, key=lambda cost: scores[cost.name].value)
    top = scores[best.name]
    firsts = [cost.name for cost in costs if scores[cost.name].value == top.value]
    alike = [cost for cost in costs if scores[cost.name].high >= top.low]
    quick = min(costs, key=lambda cost: cost.milliseconds)
    small = min(costs, key=lambda cost: cost.size_bytes)
    trade = min(alike, key=lambda cost: cost.milliseconds)
    apart = [cost.name for cost in costs if cost not in alike]

    def said(cost: Cost) -> str:
        share = f"{100 * scores[cost.name].value:.1f}"
        return (
            f"`{cost.name}` ({share} % right, {cost.milliseconds:.1f} ms, "
            f"{cost.size_bytes / 1e6:.1f} MB)"
        )

    worse = ", ".join(f"`{name}`" for name in apart)
    return [
        f"- Most often right on {reports[0].dataset}: {_joined(firsts)}, {100 * top.value:.1f} % "
        f"({100 * top.low:.1f}–{100 * top.high:.1f}).",
        "- Not told from it by these songs (their intervals overlap): "
        + ("every other one." if not apart else f"every other one but {worse}."),
        f"- Quickest: {said(quick)}.",
        f"- Smallest file: {said(small)}.",
        f"- Quickest of those that are not told from the best: {said(trade)}.",
    ]


def _joined(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def trust(cards: Sequence[ModelCard]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of how often each model was right by the probability of its first choice.

    A cell holds the songs that were right and all of them, ``42 of 76``; nothing where no song
    fell into the band.

    Parameters
    ----------
    cards : sequence of ModelCard
        Those without bands are left out.
    """
    told = [card for card in cards if card.bands]
    if not told:
        return (), []
    header = ("model", *(say_band(band) for band in told[0].bands))
    rows = [(card.name, *(_right(band) for band in card.bands)) for card in told]
    return header, rows


def second_rows(looks: Sequence[SecondLook]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of what a second look brought, by how sure the first was; a row a pair.

    Parameters
    ----------
    looks : sequence of SecondLook
        With the same bands for every pair; songs of several sets are counted together.
    """
    bands = sorted({(look.low, look.high) for look in looks})
    rows = []
    for pair in dict.fromkeys((look.model, look.other) for look in looks):
        own = [look for look in looks if (look.model, look.other) == pair]
        cells = [[look for look in own if (look.low, look.high) == band] for band in bands]
        rows.append((" + ".join(pair), *map(_brought, cells)))
    return ("networks", *(say_edges(*band) for band in bands)), rows


def _brought(looks: Sequence[SecondLook]) -> str:
    songs = sum(look.songs for look in looks)
    alone, both = sum(look.alone for look in looks), sum(look.both for look in looks)
    return f"{alone} → {both} of {songs}" if songs else ""


def say_edges(low: float, high: float) -> str:
    """Edges of probability, for people.

    Examples
    --------
    >>> say_edges(0.3, 0.4)
    '30–40 %'
    """
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def say_band(band: Band) -> str:
    """A band's edges, for people.

    Examples
    --------
    >>> say_band(Band(0.3, 0.4, 74, 32))
    '30–40 %'
    """
    return say_edges(band.low, band.high)


def _right(band: Band) -> str:
    return f"{band.right} of {band.songs}" if band.songs else ""


def gauges(cards: Sequence[ModelCard]) -> list[tuple[str, ...]]:
    """Rows of how well each model's gauge tells music of the first set from other sounds.

    Parameters
    ----------
    cards : sequence of ModelCard
        Those without a measured gauge are left out.
    """
    rows: list[tuple[str, ...]] = []
    for card in cards:
        measured = [score for score in card.scores if score.metric in GAUGES]
        own = [score for score in measured if score.dataset == measured[0].dataset]
        whole = {score.metric: score for score in own if not score.note}
        cut = [score for score in own if score.note and score.metric == "auroc"]
        if len(whole) < len(GAUGES):
            continue
        auroc, kept, caught = (whole[metric] for metric in GAUGES)
        rows.append(
            (
                card.name,
                f"{auroc.value:.3f}",
                f"{cut[0].value:.3f}" if cut else "",
                cell(kept),
                cell(caught),
            )
        )
    return rows
