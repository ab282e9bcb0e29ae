"""``genrescope bench``: what each step costs, beside the way the field does it."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.apps.bench.scanning import Sizes
    from genrescope.apps.bench.timing import Row


def bench_command(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="A recording; --all makes one up."
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Models to time.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each, interleaved.")] = 7,
    cold: Annotated[bool, typer.Option(help="Also whole processes, from a cold start.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="Write a Markdown page; with --all docs/benchmarks.md."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Instead, a server under load beside the library.")
    ] = False,
    clients: Annotated[int, typer.Option(min=1, help="With --serve: clients at once.")] = 16,
    seconds: Annotated[
        float, typer.Option(min=1.0, help="With --serve: how long each of the two.")
    ] = 60.0,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Instead, maps and timelines beside classifications."),
    ] = False,
    scan: Annotated[
        bool, typer.Option("--scan", help="Instead, a library of copies beside a loop.")
    ] = False,
    files: Annotated[
        int, typer.Option(min=0, help="With --scan: how many copies; 0 leaves that out.")
    ] = 100,
    minutes: Annotated[
        float, typer.Option(min=0.0, help="With --scan: length of each, the sound over and over.")
    ] = 0.0,
    rows: Annotated[
        int, typer.Option(min=0, help="With --scan: files of a library that has not changed.")
    ] = 100_000,
    short: Annotated[
        int, typer.Option(min=0, help="With --scan: files of a second, for its memory.")
    ] = 0,
    scale: Annotated[
        bool, typer.Option("--scale", help="Instead, what a million songs like it cost.")
    ] = False,
    train: Annotated[
        int, typer.Option(min=0, help="Instead, so many made-up songs as one's own, to a model.")
    ] = 0,
    everything: Annotated[
        bool, typer.Option("--all", help="All of it, as docs/benchmarks.md; takes some minutes.")
    ] = False,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="With --all: only this one; the others' figures are kept."),
    ] = None,
) -> None:
    """Time decoding, spectrograms, networks and the whole line on one recording.

    Ours and the other are measured in the same run, in turn; the table gives medians, and the
    median ratio with its least and greatest. What is not installed is left out.

    Examples: `genrescope bench --all`, `genrescope bench samples/jazz_vibe_ace.flac`,
    `genrescope bench --serve --clients 16 --seconds 60 samples/jazz_vibe_ace.flac`,
    `genrescope bench --explain samples/jazz_vibe_ace.flac`,
    `genrescope bench --scan --files 100 --minutes 3 --rows 0 samples/disco_con_tutti.mp3`,
    `genrescope bench --scan --files 0 --short 10000 samples/disco_con_tutti.mp3`,
    `genrescope bench --scale samples/disco_con_tutti.mp3 --page docs/scale.md`,
    `genrescope bench --train 200 --minutes 3`
    """
    from genrescope.apps.bench.scanning import Sizes

    if everything:
        from genrescope.apps.cli.bench_all import measure_all

        measure_all(source, model or ["all"], repeats, part or [], page)
        return
    if part:
        raise typer.BadParameter("--part goes with --all")
    if train:
        _show_rows(_measure_training(train, minutes or 3.0), as_json)
        return
    if source is None:
        raise typer.BadParameter("name a FILE to measure with, or ask for --all")
    if serve:
        _show_load(source, model or [], clients, seconds, as_json)
        return
    if scale:
        _show_scale(source, model or [], repeats, page)
        return
    if explain:
        found = _measure_explaining(source, model or ["all"], repeats)
    elif scan:
        found = _measure_scan(source, model or [], Sizes(files, minutes, rows, short), repeats)
    else:
        found = _measure_steps(source, model or ["all"], repeats, cold)
    if page is not None and not as_json:
        page.write_text(_page(source, page, found, repeats), encoding="utf-8")
        show.remark(f"wrote {page}")
        return
    _show_rows(found, as_json)


def _measure_training(songs: int, minutes: float) -> list[Row]:
    from genrescope.apps.bench import training

    show.remark(f"{songs} songs are made up first; then they are learned from, which takes minutes")
    return [training.measure(songs, minutes)]


def _measure_steps(source: Path, models: list[str], repeats: int, cold: bool) -> list[Row]:
    from genrescope.apps.bench import line, networks, spectrograms
    from genrescope.classification.looking import load_models

    show.remark("measuring; this takes a minute")
    loaded = load_models(models)
    return [
        *spectrograms.measure(source, repeats=repeats, cold=cold),
        *networks.measure(loaded, repeats=repeats),
        *line.measure(source, loaded, repeats=repeats),
    ]


def _measure_explaining(source: Path, models: list[str], repeats: int) -> list[Row]:
    from genrescope.apps.bench import explaining
    from genrescope.classification.looking import load_models

    show.remark("measuring; this takes a minute")
    return explaining.measure(source, load_models(models), repeats=repeats)


def _measure_scan(source: Path, models: list[str], sizes: Sizes, repeats: int) -> list[Row]:
    from genrescope.apps.bench import scanning
    from genrescope.classification.looking import load_models

    show.remark(f"measuring: {sizes.files} files, {repeats} times each way")
    return scanning.measure(source, load_models(models), sizes, repeats=repeats)


def _show_scale(source: Path, models: list[str], repeats: int, page: Path | None) -> None:
    from genrescope.apps.bench import scale
    from genrescope.classification.looking import load_models

    costs = scale.measure(source, load_models(models), repeats=repeats)
    options = "".join(f" --model {name}" for name in models)
    machine = (
        f"{platform.machine()} with {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    text = scale.page(costs, f"genrescope bench --scale{options} {source}", machine)
    if page is None:
        sys.stdout.write(text)
        return
    page.write_text(text, encoding="utf-8")
    show.remark(f"wrote {page}")


def _show_load(
    source: Path, models: list[str], clients: int, seconds: float, as_json: bool
) -> None:
    from genrescope.apps.bench import load

    show.remark(f"measuring; this takes {2 * seconds:.0f} s and a little more")
    found = load.measure(source, models, clients=clients, seconds=seconds)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), indent=1) + "\n")
        return
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(found.answers.items()))
    for line in (
        f"server   {found.served_per_second:8.2f} recordings/s, {found.clients} clients",
        f"library  {found.looped_per_second:8.2f} recordings/s, {found.workers} threads",
        f"ratio    {found.ratio:8.2f}",
        f"answers  {answers}; median {found.median_ms:.0f} ms, slowest {found.slowest_ms:.0f} ms",
        f"memory   {found.before_mb:8.1f} MB before, {found.after_mb:.1f} MB after",
    ):
        show.out().print(line, highlight=False)


def _show_rows(rows: list[Row], as_json: bool) -> None:
    from genrescope.apps.bench.page import COLUMNS, cells

    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column in COLUMNS:
        table.add_column(column)
    for row in rows:
        table.add_row(*cells(row))
    show.out().print(table)


def _page(source: Path, page: Path, rows: list[Row], repeats: int) -> str:
    from genrescope.apps.bench.page import COLUMNS, cells, table

    lines = [
        "# Benchmarks",
        "",
        f"Written by `genrescope bench {source} --page {page}` on {platform.machine()}"
        f" with {os.cpu_count()} processors, Python {platform.python_version()}, {repeats} pairs.",
        "Ours and the other are measured in turn in the same run; times are medians, the ratio is"
        " the median of the pairs with its least and greatest. Read the ratios: machines differ.",
        "",
        *table(COLUMNS, [cells(row) for row in rows]),
    ]
    return "\n".join(lines)
