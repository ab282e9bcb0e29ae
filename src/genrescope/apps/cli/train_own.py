"""``genrescope train --data``: one's own songs, from their names to a model file."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.steps import NAME_CELLS, Steps
from genrescope.classification import taxonomies
from genrescope.learn.curves import CURVES
from genrescope.learn.own import account, bench, collection, find, label
from genrescope.learn.own.begin import find_start
from genrescope.learn.own.pattern import Pattern
from genrescope.learn.own.plan import Start
from genrescope.learn.own.song import Passed
from genrescope.learn.training import Progress as Step
from genrescope.types import Report

OWN = "own"
SHOWN = 5
"""Files passed over are named up to this number; the report names them all."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asked for; see its options."""

    data: Path
    labels_from: str | None
    pattern: str | None
    taxonomy: str
    skip_small: bool
    name: str | None
    init: str
    freeze: bool
    steps: int | None
    yes: bool
    stop_after: int | None

    def question(self) -> find.Question:
        """Where the music is and how its labels are found."""
        default = "folder" if self.data.is_dir() or not self.data.exists() else "csv"
        pattern = None if self.pattern is None else Pattern(self.pattern)
        return find.Question(self.data, self.labels_from or default, pattern)

    def wish(self) -> bench.Wish:
        """What is to be trained."""
        found = self.name or self.data.resolve().stem
        name = re.sub(r"[^\w.-]+", "_", found, flags=re.ASCII).strip("._-") or "own_music"
        taxonomy = "" if self.taxonomy == OWN else self.taxonomy
        return bench.Wish(name[:100], self.init, self.freeze, taxonomy, self.steps)


def train_own(order: Order, runs: Path, output: Path) -> None:
    """Train on one's own songs; see the command's help.

    Raises
    ------
    GenrescopeError
        If the songs cannot be learned from.
    """
    wish = order.wish()
    start, _ = find_start(wish.init)  # a wrong name is said before an hour of drawing
    found, labelled = _list(order)
    _show_labels(labelled, found)
    label.check_enough(labelled)
    _confirm(order)
    try:
        with Steps() as steps:
            drawn = _draw(steps, labelled, start, runs)
            ready = _ready(steps, wish, drawn, labelled, runs)
            _learn(steps, ready, order.stop_after)
            if not ready.finished:
                steps.remark(f"stopped at step {ready.run.step}; the same command goes on")
                return
            row = steps.add("measuring", 1)
            model, report = ready.finish(output)
            steps.move(row, "measured", 1, 1)
    except KeyboardInterrupt:
        show.remark(f"what was drawn and learned is kept in {runs}; the same command goes on there")
        raise
    passed = (*found.passed, *drawn.passed)
    content = account.account(ready, labelled, model, report, passed)
    page, data = account.write_account(content, model.path)
    _show_report(report)
    for path, what in ((model.path, "the model"), (page, "how good it is"), (data, "as data")):
        show.out().print(f"wrote {path} ({what})", highlight=False)
    use = shlex.join(["genrescope", "classify", "--model", _as_argument(model.path), "SONG.mp3"])
    show.out().print(f"now try: {use}", highlight=False)


def _as_argument(path: Path) -> str:
    return str(path) if path.is_absolute() or len(path.parts) > 1 else f"./{path}"


def _list(order: Order) -> tuple[find.Found, label.Labelled]:
    question = order.question()
    taxonomy = None if order.taxonomy == OWN else taxonomies.load(order.taxonomy)
    with Steps() as steps:
        row = steps.add("reading tags", 0)
        found = find.find_songs(
            question, lambda done, total, name: steps.move(row, "reading tags", done + 1, total)
        )
    return found, label.label_songs(found.songs, taxonomy, order.skip_small)


def _show_labels(labelled: label.Labelled, found: find.Found) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for title in ("genre", "songs", "artists", "found as"):
        table.add_column(title, justify="right" if title in ("songs", "artists") else "left")
    for row in labelled.rows:
        unknown = f"{row.unknown} songs of unknown" if row.unknown else ""
        artists = " + ".join(filter(None, [str(row.artists) if row.artists else "", unknown]))
        found_as = ", ".join(row.spellings) if row.spellings != (row.label,) else ""
        table.add_row(Text(row.label), str(row.songs), artists, Text(found_as, style="dim"))
    show.err().print(table)
    for name, count, reason in labelled.left_out:
        show.remark(f"left out: {name} ({count} songs): {reason}")
    for hint in labelled.hints:
        show.remark(hint)
    _show_passed(found.passed)


def _show_passed(passed: tuple[Passed, ...]) -> None:
    for one in passed[:SHOWN]:
        show.remark(f"passed over {one.name}: {one.reason}")
    if len(passed) > SHOWN:
        show.remark(f"and {len(passed) - SHOWN} more; the report names them all")


def _confirm(order: Order) -> None:
    if order.yes:
        return
    if not (sys.stdin.isatty() and show.is_terminal()):
        show.complain("nobody to ask whether these labels are right: say --yes to train on them")
        raise typer.Exit(2)
    if not typer.confirm("Train on these?", default=True, err=True):
        raise typer.Exit(0)


def _draw(
    steps: Steps, labelled: label.Labelled, start: Start, runs: Path
) -> collection.Collection:
    row = steps.add("drawing", len(labelled.songs))

    def tell(done: int, total: int, name: str) -> None:
        steps.move(row, f"drawing {name[-NAME_CELLS:]}", done, total)

    drawn = collection.collect(labelled, start.spectrogram, runs / "drawn", tell)
    steps.move(row, "drawn", len(labelled.songs), len(labelled.songs))
    for one in drawn.passed[:SHOWN]:
        steps.remark(f"not used: {one.name}: {one.reason}")
    if len(drawn.passed) > SHOWN:
        steps.remark(f"and {len(drawn.passed) - SHOWN} more; the report names them all")
    counts = [drawn.splits.count(split) for split in ("train", "valid", "test")]
    steps.remark(
        f"split {drawn.how_split()}: {counts[0]} songs to learn from, "
        f"{counts[1]} to calibrate on, {counts[2]} to test on"
    )
    table = drawn.counts()
    untested = [name for name in table if not table[name]["test"]]
    if untested:
        steps.remark(f"not tested, for want of a second artist: {', '.join(untested)}")
    return drawn


def _ready(
    steps: Steps,
    wish: bench.Wish,
    drawn: collection.Collection,
    labelled: label.Labelled,
    runs: Path,
) -> bench.Bench:
    row = steps.add("getting ready", 1)
    ready = bench.prepare(wish, drawn, labelled.labels, runs)
    steps.move(row, "ready", 1, 1)
    steps.remark(ready.describe())
    if ready.kept_rows:
        steps.remark(f"{wish.init} knows {', '.join(ready.kept_rows)} already")
    return ready


def _learn(steps: Steps, ready: bench.Bench, stop_after: int | None) -> None:
    row = steps.add("learning", ready.recipe.steps, ready.run.step)

    def tell(step: Step) -> None:
        head = ready.recipe.stage_at(step.step - 1).part == "head"
        steps.learn(row, step, "head: " if head else "all: ")

    ready.train(tell, stop_after)
    steps.remark(f"how it learned: {ready.run.folder / CURVES}")


def _show_report(report: Report) -> None:
    for metric, title in (("top1", "first choice right"), ("top3", "among the first three")):
        score = report.score(metric)
        text = f"{title}: {score.value:.0%} ({score.low:.0%} to {score.high:.0%})"
        show.out().print(f"{text} of {report.n} test songs", highlight=False)
