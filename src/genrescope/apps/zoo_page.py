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
from genrescope.apps.zoo_advice import Cost, advise
from genrescope.apps.zoo_worth import (
    keep_left_out,
    say_left_out,
    say_maps,
    say_published,
    say_second,
    say_title,
    say_trust,
    sets_of,
)
from genrescope.classification.looking import Model, load_models
from genrescope.learn.second_look import SecondLook
from genrescope.models import find
from genrescope.models.whole import write_whole
from genrescope.types import Report

COLUMNS = (
    *("model", "top-1", "top-3", "macro F1", "recall, genres of 8"),
    *("ECE", "ECE before", "ECE by chance"),
)
METRICS = ("top1", "top3", "macro_f1", "macro_recall8", "ece", "ece_before", "ece_by_chance")
SIZES = ("model", "network", "picture", "MB", "ms a window", "computed in", "trained from scratch")
REPEATS = 15


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
        + (", which comes first." if "real audio" in sets_of(reports) else "; there is none here.")
        + " Recall is averaged over the genres that have eight songs or more.",
        "",
        "ECE (15 bins) is how far probabilities lie from how often they were right; before: at "
        "temperature 1 (the biases of genres, fitted with the temperature, stay); by chance: what "
        "true probabilities would show on as many songs.",
        "",
        *_sizes(models, costs),
        *_advice(costs, reports),
        *(line for name in sets_of(reports) for line in _scores(name, reports)),
        *say_trust([model.card for model in models]),
        *say_second(looks),
        *(say_left_out(left_out, without) if left_out else keep_left_out(path)),
        *say_maps(tried),
        *(say_published() if "gtzan" in sets_of(reports) else []),
        *_genres(reports),
    ]
    write_whole(path, "\n".join(lines).encode())


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


def _scores(dataset: str, reports: Sequence[Report]) -> list[str]:
    own = [report for report in reports if report.dataset == dataset]
    rows = [(r.model, *(cell(r.score(metric)) for metric in METRICS)) for r in own]
    return [f"## {say_title(dataset)}: {own[0].n} songs", "", *table(COLUMNS, rows)]


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
