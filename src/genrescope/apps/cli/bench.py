"""``genrescope bench``: what each step costs, beside the way the field does it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.apps.bench.timing import Row


def bench_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Models to time.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each, interleaved.")] = 7,
    cold: Annotated[bool, typer.Option(help="Also whole processes, from a cold start.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Time decoding, spectrograms, networks and the whole line on one recording.

    Ours and the other are measured in the same run, in turn; the table gives medians, and the
    median ratio with its least and greatest. What is not installed is left out.

    Example: `genrescope bench samples/jazz_vibe_ace.flac`
    """
    from genrescope.apps.bench import line, networks, spectrograms
    from genrescope.classification.classifier import load_models

    show.remark("measuring; this takes a minute")
    loaded = load_models(model or ["all"])
    rows: list[Row] = [
        *spectrograms.measure(source, repeats=repeats, cold=cold),
        *networks.measure(loaded, repeats=repeats),
        *line.measure(source, loaded, repeats=repeats),
    ]
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column in ("step", "ours (ms)", "beside", "its (ms)", "its / ours", "least–greatest", ""):
        table.add_column(column)
    for row in rows:
        there = bool(row.theirs)
        table.add_row(
            row.name,
            f"{row.ours_ms:.2f}",
            row.theirs,
            f"{row.theirs_ms:.2f}" if there else "",
            f"{row.ratio:.2f}" if there else "",
            f"{row.low:.2f}–{row.high:.2f}" if there else "",
            row.note,
        )
    show.out().print(table)
