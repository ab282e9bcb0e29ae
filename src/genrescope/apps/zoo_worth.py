"""What the figures on the zoo's page are worth: trust, second looks, sources, maps, others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genrescope.apps.bench.maps import Tried
from genrescope.apps.markdown import cell, table
from genrescope.apps.zoo_advice import GAUGE_HEADER, gauges, second_rows, trust
from genrescope.learn.second_look import SecondLook
from genrescope.models import find
from genrescope.types import ModelCard, Report

PUBLISHED = (
    ("MFCC + SVM", 53.4, "no", "Pons and Serra 2019, arXiv 1909.06654"),
    ("musicnn (MSD) + SVM", 77.2, "yes", "Pons and Serra 2019, arXiv 1909.06654"),
)
"""Top-1 on GTZAN's fault-filtered test as published: what, percent, pre-trained, where."""

MAPS = (
    "model",
    "way",
    "hottest tenth",
    "same shape elsewhere",
    "loudest tenth",
    "hottest less elsewhere",
    "rank correlation",
)

WITHOUT = "## Without a collection"


def sets_of(reports: Sequence[Report]) -> list[str]:
    """The collections that reports are on, each once, in their order."""
    return list(dict.fromkeys(report.dataset for report in reports))


def say_title(dataset: str) -> str:
    """A collection's test split, as headings and tables call it."""
    name = dataset.replace("gtzan", "GTZAN")
    return f"{name[:1].upper()}{name[1:]}, test"


def say_trust(cards: Sequence[ModelCard]) -> list[str]:
    """How often a probability was right, and how well music is told from other sounds."""
    header, rows = trust(cards)
    told = [
        "## How far to trust a probability",
        "",
        "Of the test songs of all sets together whose first choice had such a probability, so many"
        " were right. Constant-Q models were mostly asked about translated pictures here.",
        "",
        *table(header, rows),
    ]
    heard = gauges(cards)
    gauged = [
        "## Music or not",
        "",
        "How well the gauge on each card tells test music of real audio from rain, engines and"
        ' animals (ESC-10\'s third fold). Music that is not kept is asked about: "not music?".',
        "",
        *table(GAUGE_HEADER, heard),
    ]
    return [*(told if rows else []), *(gauged if heard else [])]


def say_second(looks: Sequence[SecondLook]) -> list[str]:
    """What the other spectrogram brought, by how sure the first look was."""
    told = [
        "## When to look at the other spectrogram",
        "",
        "Songs by the probability of a mel network's first choice. A cell holds how many it named"
        " rightly alone → together with the same network on constant-Q spectrograms, of all such"
        " songs. Where the second number is not the greater, a second look brings nothing.",
        "",
    ]
    sets = list(dict.fromkeys(look.dataset for look in looks))
    if len(sets) > 1:
        told += ["All test songs:", "", *table(*second_rows(looks))]
    for dataset in sets:
        own = [look for look in looks if look.dataset == dataset]
        translated = any(look.translated for look in own)
        told += [say_title(dataset) + (", translated pictures:" if translated else ":"), ""]
        told += table(*second_rows(own))
    return told if looks else []


def say_left_out(names: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """What a score owes to the collection that it was measured on."""
    cards = [find(name).card for name in names]
    sets = sets_of(reports)
    found = {(one.model, one.dataset): one for one in reports}
    rows = [
        (
            ", ".join(source.name for source in card.training),
            *(_both(found[card.name, dataset]) for dataset in sets),
        )
        for card in cards
    ]
    asked = " ".join(f"--left-out {name}" for name in names)
    return [
        WITHOUT,
        "",
        f"The same network ({cards[0].network}) under one recipe and from labels alone, "
        "with collections left out. Read the rows against each other: these were taught for "
        f"less long than the networks above. Top-1 / top-3, measured by adding `{asked}`; a page "
        "that is written without keeps them.",
        "",
        *table(("taught by", *map(say_title, sets)), rows),
    ]


def keep_left_out(page: Path) -> list[str]:
    """That section as an earlier page has it; nothing where there is none."""
    try:
        lines = page.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    if WITHOUT not in lines:
        return []
    rest = lines[lines.index(WITHOUT) :]
    ends = [place for place, line in enumerate(rest[1:], 1) if line.startswith("## ")]
    return rest[: ends[0]] if ends else rest


def _both(report: Report) -> str:
    return f"{cell(report.score('top1'))} / {100 * report.score('top3').value:.1f}"


def say_maps(tried: Sequence[Tried]) -> list[str]:
    """What silencing the hottest tenth of a window costs beside other tenths."""
    if not tried:
        return []
    rows = [
        (
            one.model,
            trial.method,
            *(f"{100 * loss:.1f}" for loss in (trial.hottest, trial.elsewhere, trial.loudest)),
            f"{100 * trial.ahead:+.1f} ({100 * trial.low:+.1f} to {100 * trial.high:+.1f})",
            "" if one.rank_agreement is None else f"{one.rank_agreement:.2f}",
        )
        for one in tried
        for trial in one.trials
    ]
    return [
        "## Heat maps put to the test",
        "",
        f"One window each of {tried[0].trials[0].n} excerpts of real audio's test split: points of "
        "the first choice's probability that are lost where a tenth of the window is silenced. If "
        "heat means anything, the hottest costs more than the same shape in five random places; "
        "the loudest takes no explanation at all. The last column is how far the two ways agree.",
        "",
        *table(MAPS, rows),
    ]


def say_published() -> list[str]:
    """Others' figures on the same split, each with its source."""
    rows = [(what, f"{top1:.1f}", before, where) for what, top1, before, where in PUBLISHED]
    return [
        "## What others report on GTZAN's fault-filtered test",
        "",
        "They choose among ten genres, the networks above among sixteen.",
        "",
        *table(("what", "top-1", "pre-trained on other music", "source"), rows),
    ]
