"""What models did with a person's own labelled files, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from genrescope.apps.markdown import cell, code, plain, table
from genrescope.apps.zoo_advice import say_band
from genrescope.learn.own.song import Passed
from genrescope.learn.reliability import wilson
from genrescope.models.whole import write_whole
from genrescope.types import Report

SCORES = {
    "top1": "top-1",
    "top3": "top-3",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "ece_before": "ECE before",
    "ece_by_chance": "ECE by chance",
}


def write_audition(
    path: Path, command: str, reports: Sequence[Report], passed: Sequence[Passed] = ()
) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    path : Path
    command : str
        That measured, as it was given.
    reports : sequence of Report
        At least one, all on the same songs.
    passed : sequence of Passed
        Files that were not judged.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    first = reports[0]
    lines = [
        f"# {plain(first.dataset)}: {first.n} songs",
        "",
        f"Written by {code(command)}.",
        "Songs, not windows; every file went the whole way from its bytes to a probability. In "
        "brackets: 95 % bootstrap intervals. Labels are as they were found; a song that taught a "
        "network flatters it, and nothing here looked for such songs.",
        "",
        "## Figures",
        "",
        *table(
            ("model", *SCORES.values()),
            [(r.model, *(cell(r.score(metric)) for metric in SCORES)) for r in reports],
        ),
        "ECE is how far probabilities lie from how often they were right; before, at temperature "
        "1; by chance, what true probabilities would show on as many songs.",
        "",
        *(line for report in reports for line in _sections(report)),
        *_passed(passed),
    ]
    write_whole(path, "\n".join(lines).encode("utf-8", "replace"))


def _sections(report: Report) -> Iterable[str]:
    yield from (f"## {report.model}", "", "### Genre by genre", "")
    rows = []
    for genre, songs, recall in report.per_genre:
        low, high = (100 * edge for edge in wilson(round(recall * songs), songs))
        figure = f"{100 * recall:.0f} ({low:.0f}–{high:.0f})"
        rows.append((plain(genre), str(songs), figure, _instead(report, genre)))
    yield from table(("genre", "songs", "recall", "else taken for"), rows)
    yield from _confusion(report)
    yield from ("### How often first choices were right", "")
    bands = [
        (say_band(band), str(band.songs), str(band.right)) for band in report.bands if band.songs
    ]
    yield from table(("their probability", "songs", "right"), bands)
    if report.hardest:
        yield from ("### The hardest songs", "")
        hardest = [
            (plain(h.name), plain(h.truth), plain(h.choice), f"{100 * h.probability:.1f} %")
            for h in report.hardest
        ]
        yield from table(("song", "is", "was taken for", "its genre got"), hardest)


def _instead(report: Report, genre: str) -> str:
    """What songs of a genre were taken for instead, the most frequent first."""
    place = report.labels.index(genre)
    row = [(int(n), label) for label, n in zip(report.labels, report.confusion[place], strict=True)]
    wrong = sorted((pair for pair in row if pair[0] and pair[1] != genre), key=lambda p: -p[0])
    return ", ".join(f"{plain(label)} {n}" for n, label in wrong)


def _confusion(report: Report) -> list[str]:
    """Counts, of the genres that there are songs of and those that were chosen."""
    counts = report.confusion
    true = [i for i in range(len(report.labels)) if counts[i].any()]
    said = [i for i in range(len(report.labels)) if counts[:, i].any()]
    names = [plain(label) for label in report.labels]
    rows = [(names[i], *(str(counts[i, j] or "·") for j in said)) for i in true]
    return [
        "### What it takes for what",
        "",
        "Rows: what the songs are. Columns: first choices.",
        "",
        *table(("", *(names[j] for j in said)), rows),
    ]


def _passed(passed: Sequence[Passed]) -> list[str]:
    rows = [(plain(one.name), plain(one.reason)) for one in passed]
    return ["## Not judged", "", *table(("file", "why"), rows)] if rows else []
