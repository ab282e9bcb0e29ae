"""``genrescope tag``: genres into files' own tags, by a plan."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from genrescope.apps.cli import show
from genrescope.apps.cli.find import Model
from genrescope.apps.cli.scan import Store
from genrescope.apps.cli.scan_report import place_of
from genrescope.types import Failure

if TYPE_CHECKING:
    from genrescope.collection.tagging.plan_file import Change
    from genrescope.collection.tagging.writing import Written

SHOWN = 10

app = typer.Typer(
    help="Write genres into files' tags: plan, look at the plan, apply, undo.",
    no_args_is_help=True,
    epilog="Example: `genrescope tag plan -o plan.csv`, then `genrescope tag apply plan.csv`",
)


class Existing(StrEnum):
    """What happens to files that have a genre."""

    LEAVE = "leave"
    ADD = "add"
    REPLACE = "replace"


KeepTime = Annotated[
    bool, typer.Option("--keep-time", help="Files keep the time of their last change.")
]


@app.command("plan")
def plan_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The plan, a CSV file.")],
    question: Annotated[
        str, typer.Argument(metavar="[QUESTION]", help="Which files, as in `genrescope find`.")
    ] = "",
    store: Store = None,
    model: Model = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least probability that is written.")
    ] = 0.5,
    top: Annotated[int, typer.Option("--top", min=1, help="So many genres at most.")] = 1,
    existing: Annotated[
        Existing, typer.Option(help="Of files that have a genre: leave, add to it, or replace it.")
    ] = Existing.LEAVE,
    words: Annotated[
        Path | None, typer.Option("--map", help='TOML of your own words: "Hip-Hop" = "Rap".')
    ] = None,
    separator: Annotated[
        list[str] | None,
        typer.Option(
            help="Join several genres into one value with this; flac=' / ' is for one format."
        ),
    ] = None,
) -> None:
    """Write down which genres would go into which files; changes no music.

    The plan is a table: read it in a spreadsheet, change the column `after`, delete lines.
    `--separator '; ' --separator flac=' / ' --separator opus=` joins with `; `, in FLAC files with
    ` / `, and writes several values in Opus files.

    Example: `genrescope tag plan 'agreement = 1' --threshold 0.7 -o plan.csv`; with
    `'not notices ~ truncated'` damaged files are left out.
    """
    from genrescope.collection import query
    from genrescope.collection.stores import open_store
    from genrescope.collection.table import read_table
    from genrescope.collection.tagging.plan_file import write_plan
    from genrescope.collection.tagging.planning import Rules, make_plan
    from genrescope.collection.tagging.separators import parse_separators
    from genrescope.collection.tagging.words import read_words

    general, by_ending = parse_separators(separator or [])
    asked = query.parse(question) if question.strip() else None
    with open_store(store, create=False) as opened:
        table = read_table(opened, model or [])
    if asked is not None:
        table = table.where(query.answer(asked, table))
    own = None if words is None else read_words(words, table.labels)
    rules = Rules(threshold, top, existing.value, own, general, by_ending)
    changes: list[Change] = []
    failures = 0
    for one in make_plan(table, rules):
        if isinstance(one, Failure):
            failures += 1
            show.complain(f"{one.source}: {one.reason}")
        else:
            changes.append(one)
    count = write_plan(changes, output)
    for change in changes[:SHOWN]:
        show.out().print(_line(change), highlight=False, markup=False)
    rest = f" (the first {SHOWN} are shown)" if count > SHOWN else ""
    show.remark(f"{count:,} of {len(table):,} files would change{rest}: {output}")
    place = place_of(store)
    command = shlex.join(["genrescope", "tag", "apply", str(output), *place])
    show.remark(f"look at it, then: {command}")
    if failures:
        raise typer.Exit(1)


def _line(change: Change) -> str:
    from genrescope.audio.source import shown

    before = "; ".join(change.before) or "(none)"
    after = "; ".join(change.after)
    return shown(f"{os.fsdecode(change.path)}: {before} → {after}")


@app.command("apply")
def apply_command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="From `genrescope tag plan`.")],
    store: Store = None,
    keep_time: KeepTime = False,
) -> None:
    """Write a plan's genres into the files.

    Every file is tagged as a copy, which takes the file's place only when its sound is the same
    to the byte. A file whose genre is no longer what the plan found is left alone.

    Example: `genrescope tag apply plan.csv`
    """
    from genrescope.collection.stores import open_store
    from genrescope.collection.tagging.plan_file import read_plan
    from genrescope.collection.tagging.writing import apply_plan

    changes = read_plan(plan)
    with open_store(store) as opened:
        outcomes = apply_plan(changes, opened, str(plan), keep_time=keep_time)
        runs, failures = _report(outcomes, len(changes))
    for run in runs:
        command = ["genrescope", "tag", "undo", "--run", str(run), *place_of(store)]
        show.remark("to undo: " + shlex.join(command))
    if failures:
        raise typer.Exit(1)


@app.command("undo")
def undo_command(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Only these files.")
    ] = None,
    store: Store = None,
    run: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="Number of the run; else the latest."),
    ] = None,
    keep_time: KeepTime = False,
) -> None:
    """Put genres back as they were before the latest `tag apply`.

    Of files that are named, before the latest that wrote each of them. Older ones are reached by
    `--run` and the number that `tag apply` said.

    Example: `genrescope tag undo`
    """
    from genrescope.collection.stores import open_store
    from genrescope.collection.tagging.writing import older_run, put_back, to_undo
    from genrescope.collection.walking import absolute

    only = frozenset(os.fsencode(absolute(one)) for one in files or [])
    with open_store(store, create=False) as opened:
        writings = to_undo(opened, run, only)
        failures = _report(put_back(writings, opened, keep_time=keep_time), len(writings))[1]
        stuck = failures == len(writings)
        older = older_run(opened, writings, only) if stuck else None
    if stuck:
        tried = _runs({one.run for one in writings})
        further = f": older runs are reached by --run N, and the next is --run {older}"
        show.remark(f"nothing of {tried} was put back{further if older is not None else ''}")
    if failures:
        raise typer.Exit(1)


def _report(outcomes: Iterator[Written | Failure], total: int) -> tuple[list[int], int]:
    """Tell of every file; the numbers of the runs that changed any, and how many failed."""
    counts = {"written": 0, "undone": 0, "untouched": 0}
    runs: set[int] = set()
    failures = 0
    hidden = not show.is_terminal()
    for one in track(
        outcomes, "tagging", total, console=show.err(), transient=True, disable=hidden
    ):
        if isinstance(one, Failure):
            failures += 1
            show.complain(f"{one.source}: {one.reason}")
        else:
            counts[one.kind] += 1
            runs |= {one.run} if one.kind != "untouched" else set()
    told = [f"{count:,} {kind}" for kind, count in counts.items() if count]
    where = f" ({_runs(runs)})" if runs else ""
    show.remark(", ".join([*told, f"{failures:,} failed"]) + where)
    return sorted(runs), failures


def _runs(numbers: set[int]) -> str:
    return f"run{'' if len(numbers) == 1 else 's'} {', '.join(map(str, sorted(numbers)))}"
