"""Reports on models as one page of HTML that opens anywhere and needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from genrescope.learn import sheet
from genrescope.learn.judging import to_plain
from genrescope.learn.own.song import Passed
from genrescope.models.whole import write_whole
from genrescope.types import Report


def write_reports(path: Path, reports: Sequence[Report], passed: Sequence[Passed] = ()) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    path : Path
    reports : sequence of Report
        At least one.
    passed : sequence of Passed
        Files that were not judged.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    names = dict.fromkeys(report.model for report in reports)
    parts = [
        f"<h1>{escape(', '.join(names))}</h1>",
        "<p class=note>Songs, not windows. In brackets: 95 % intervals.</p>",
        _overview(reports),
        *(part for report in reports for part in _sections(report)),
        _passed(passed),
    ]
    title = f"{', '.join(names)}: report"
    write_whole(path, sheet.document(title, parts).encode("utf-8", "replace"))


def _overview(reports: Sequence[Report]) -> str:
    rows = []
    for one in reports:
        known = {score.metric: sheet.percent(score.value) for score in one.scores}
        figures = [known.get(metric, "") for metric in sheet.METRICS]
        rows.append((escape(one.model), escape(one.dataset), str(one.n), *figures))
    heads = ("model", "test set", "songs", *(title for title, _ in sheet.METRICS.values()))
    return sheet.table(heads, rows)


def _sections(report: Report) -> Iterable[str]:
    plain = to_plain(report)
    yield f"<h2>{escape(report.model)} on {escape(report.dataset)}: {report.n} songs</h2>"
    yield sheet.scores(plain)
    yield "<h3>Genre by genre</h3>" + sheet.per_genre(plain)
    yield "<h3>What it takes for what</h3>"
    yield "<p class=note>Rows: what the songs are. Columns: first choices.</p>"
    yield sheet.confusion(plain)
    yield "<h3>How far a probability can be trusted</h3>" + sheet.reliability(plain)
    if plain["hardest"]:
        yield "<h3>The hardest songs</h3>" + sheet.hardest(plain)


def _passed(passed: Sequence[Passed]) -> str:
    rows = [(escape(one.name), escape(one.reason)) for one in passed]
    return f"<h2>Not judged</h2>{sheet.table(('file', 'why'), rows, 'words')}" if rows else ""
