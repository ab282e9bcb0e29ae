"""The zoo as a page: every model's size, speed and measured scores, side by side."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from genrescope.apps.bench.maps import Tried
from genrescope.apps.bench.networks import noise_picture
from genrescope.apps.bench.timing import alone
from genrescope.apps.markdown import cell, code, table
from genrescope.apps.zoo_advice import (
    GAUGE_HEADER,
    Cost,
    advise,
    gauges,
    second_rows,
    trust,
)
from genrescope.classification.looking import Model, load_models
from genrescope.learn.second_look import SecondLook
from genrescope.models import find
from genrescope.models.whole import write_whole
from genrescope.types import ModelCard, Report

COLUMNS = (
    *("model", "top-1", "top-3", "macro F1", "recall, genres of 8"),
    *("ECE", "ECE before", "ECE by chance"),
)
METRICS = ("top1", "top3", "macro_f1", "macro_recall8", "ece", "ece_before", "ece_by_chance")
SIZES = ("model", "network", "picture", "MB", "ms a window", "computed in", "trained from scratch")
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

REPEATS = 15
WITHOUT = "## Without a collection"


def write_page(
    path: Path,
    names: Sequence[str],
    reports: Sequence[Report],
    command: str,
    left_out: Sequence[str] = (),
    without: Sequence[Report] = (),
    tried: Sequence[Tried] = (),
    looks: Sequence[SecondLook] = (),
) -> None:
    """Write the comparison of models as Markdown, whole or not at all.

    Parameters
    ----------
    path : Path
    names : sequence of str
        Of model files; each is timed here.
    reports : sequence of Report
        Of those models, and of what they say together.
    command : str
        That measured, as it was given.
    left_out : sequence of str
        Models that some collections did not teach; none of them is in the zoo. Without any, what
        the page said of them before stays: it does not depend on the models above.
    without : sequence of Report
        Of those.
    tried : sequence of Tried
        Their heat maps, put to the test.
    looks : sequence of SecondLook
        What another kind of spectrogram brought.
    """
    models = load_models(list(names))
    costs = [_cost(model) for model in models]
    lines = [
        "# The zoo",
        "",
        f"Written by {code(command)}.",
        "Songs, not windows; 95 % bootstrap intervals. A score within the collection that taught a"
        " network proves less than one on real audio from other sources"
        + (", which comes first." if "real audio" in _sets(reports) else "; there is none here.")
        + " Recall is averaged over the genres that have eight songs or more.",
        "",
        "ECE (15 bins) is how far probabilities lie from how often they were right; before: at "
        "temperature 1 (the biases of genres, fitted with the temperature, stay); by chance: what "
        "true probabilities would show on as many songs.",
        "",
        *_sizes(models, costs),
        *_advice(costs, reports),
        *(line for name in _sets(reports) for line in _scores(name, reports)),
        *_trust([model.card for model in models]),
        *_second(looks),
        *(_left_out(left_out, without) if left_out else _kept(path)),
        *_maps(tried),
        *(_published() if "gtzan" in _sets(reports) else []),
        *_genres(reports),
    ]
    write_whole(path, "\n".join(lines).encode())


def _sets(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(report.dataset for report in reports))


def _sizes(models: Sequence[Model], costs: Sequence[Cost]) -> list[str]:
    return [
        "## Size and speed",
        "",
        f"One window at a time on {platform.machine()} with {os.cpu_count()} processors, median of"
        f" {REPEATS} turns. Read the figures against each other: machines differ, and what they"
        " compute in moves the scores below by a song now and then.",
        "",
        *table(SIZES, [_size(*pair) for pair in zip(models, costs, strict=True)]),
    ]


def _cost(model: Model) -> Cost:
    name, picture = model.card.name, noise_picture(model.card)
    took = alone(name, lambda: model.engine.run(picture), REPEATS).ours_ms
    return Cost(name, find(model.path or name).size_bytes, took)


def _size(model: Model, cost: Cost) -> tuple[str, ...]:
    card = model.card
    return (
        card.name,
        card.network,
        f"{card.picture.height} × {card.picture.width}",
        f"{cost.size_bytes / 1e6:.1f}",
        f"{cost.milliseconds:.1f}",
        model.engine.precision,
        "no" if card.pretrained else "yes",
    )


def _advice(costs: Sequence[Cost], reports: Sequence[Report]) -> list[str]:
    return ["## Which model for which need", "", *advise(costs, reports), ""]


def _trust(cards: Sequence[ModelCard]) -> list[str]:
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


def _second(looks: Sequence[SecondLook]) -> list[str]:
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
        told += [_title(dataset) + (", translated pictures:" if translated else ":"), ""]
        told += table(*second_rows(own))
    return told if looks else []


def _scores(dataset: str, reports: Sequence[Report]) -> list[str]:
    own = [report for report in reports if report.dataset == dataset]
    rows = [(r.model, *(cell(r.score(metric)) for metric in METRICS)) for r in own]
    return [f"## {_title(dataset)}: {own[0].n} songs", "", *table(COLUMNS, rows)]


def _title(dataset: str) -> str:
    name = dataset.replace("gtzan", "GTZAN")
    return f"{name[:1].upper()}{name[1:]}, test"


def _left_out(names: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """What a score owes to the collection that it was measured on."""
    cards = [find(name).card for name in names]
    sets = _sets(reports)
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
        *table(("taught by", *map(_title, sets)), rows),
    ]


def _kept(page: Path) -> list[str]:
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


def _maps(tried: Sequence[Tried]) -> list[str]:
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


def _published() -> list[str]:
    rows = [(what, f"{top1:.1f}", before, where) for what, top1, before, where in PUBLISHED]
    return [
        "## What others report on GTZAN's fault-filtered test",
        "",
        "They choose among ten genres, the networks above among sixteen.",
        "",
        *table(("what", "top-1", "pre-trained on other music", "source"), rows),
    ]


def _genres(reports: Sequence[Report]) -> list[str]:
    first = reports[0].dataset
    own = [report for report in reports if report.dataset == first]
    counts = {genre: n for genre, n, _ in own[0].per_genre}
    recalls = [{genre: recall for genre, _, recall in report.per_genre} for report in own]
    rows = [
        (genre, str(count), *(f"{100 * recall[genre]:.0f}" for recall in recalls))
        for genre, count in counts.items()
    ]
    title = f"## Recall by genre, {first}"
    return [title, "", *table(("genre", "songs", *(r.model for r in own)), rows)]
