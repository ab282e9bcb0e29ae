"""``genrescope find`` and ``stats``: asking what was scanned."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.scan import Store
from genrescope.types import CollectionError

if TYPE_CHECKING:
    from genrescope.collection.table import Table
    from genrescope.collection.timelines import Timelines
    from genrescope.types import Failure

SHOWN = 20
REPORT = ".html"
GENRE_CELLS, BAR_CELLS = 12, 12
EPILOG = """Examples:

`genrescope find 'jazz > 0.6 and agreement < 0.5' --sort entropy`

`genrescope find 'genre = disco and path ~ 1979' -o disco.m3u`

`genrescope find 'notices ~ truncated' -o damaged.csv`

`genrescope find -o everything.csv`

`genrescope find 'path ~ live' --timeline --json`

`genrescope find 'path ~ vinyl' -o report.html` (figures, a map, pictures: one file)

Fields: every genre, `probability` (of the first choice), `agreement`, `divergence`, `entropy`,
`music`, `seconds`, `genre`, `path`, `notices` (`truncated`, `joined`, `clipping`…).
Signs: `>` `>=` `<` `<=` `=` `!=`, and `~` for "holds".
Genres with a space in them stand in quotes."""


class Language(StrEnum):
    """What a report is written in."""

    EN = "en"
    ZH = "zh"


Model = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="Only what these models say.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a file.")]


def find_command(
    question: Annotated[str, typer.Argument(metavar="[QUESTION]")] = "",
    store: Store = None,
    model: Model = None,
    sort: Annotated[str, typer.Option(help="Field to order by, greatest first.")] = "",
    ascending: Annotated[bool, typer.Option("--ascending", help="Least first.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="So many at most.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write .csv, .jsonl, .m3u, .parquet or .html."),
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the .html report.")] = Language.EN,
    timeline: Annotated[
        bool,
        typer.Option(
            "--timeline", help="With --json, .jsonl or .parquet: every window that was kept, too."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask a scanned collection, and export what was found.

    Without a question: everything. `-o` writes all that was found, in the form that the file's
    name says: a table, a playlist, or a report with pictures. The terminal shows the first twenty
    unless `--limit` says otherwise. `--timeline` adds what `genrescope scan --timeline` kept of
    every window: model, start in seconds, probabilities. Nothing found is exit code 1.
    """
    from genrescope.collection import export, query
    from genrescope.collection.stores import open_store
    from genrescope.collection.table import read_table
    from genrescope.collection.timelines import Timelines

    asked = query.parse(question) if question.strip() else None
    if output is not None:
        export.check_suffix(output, REPORT)
    if timeline:
        _check_timeline(output, as_json)
    with open_store(store, create=False) as opened:
        table = read_table(opened, model or [])
        if asked is not None:
            table = table.where(query.answer(asked, table))
        if sort:
            table = table.ordered(sort, ascending)
        if output is not None and _is_report(output):
            failures = opened.failures()
            _write_report(_first(table, limit), question.strip(), failures, output, language)
        else:
            windows = Timelines(opened, model or []) if timeline else None
            _give(table, limit, output, as_json, windows)
    if not len(table):
        raise typer.Exit(1)


def _check_timeline(output: Path | None, as_json: bool) -> None:
    from genrescope.collection import export

    if output is not None:
        export.check_windows(output)
    elif not as_json:
        raise typer.BadParameter("--timeline goes with --json, or with -o FILE.jsonl or .parquet")


def _first(table: Table, limit: int | None) -> Table:
    import numpy as np

    return table if limit is None else table.pick(np.arange(min(limit, len(table))))


def _is_report(output: Path | None) -> bool:
    return output is not None and output.suffix.lower() == REPORT


def _write_report(
    table: Table,
    question: str,
    failures: Sequence[tuple[bytes, Failure]],
    output: Path,
    language: Language,
) -> None:
    from genrescope.apps.library.report import Content, write_report
    from genrescope.apps.web import texts

    content = Content(table, question, tuple(failure for _, failure in failures))
    write_report(content, output, texts.load(language.value))
    show.remark(f"wrote a report on {len(table):,} files to {output}")


def _give(
    table: Table,
    limit: int | None,
    output: Path | None,
    as_json: bool,
    windows: Timelines | None,
) -> None:
    from genrescope.collection import export

    first = _first(table, limit)
    if output is not None:
        written = export.write_table(first, output, windows)
        left = len(first) - written
        aside = f"; {left:,} left out: a playlist knows no name with a line break" if left else ""
        show.remark(f"wrote {written:,} files to {output}{aside}")
    elif as_json:
        export.write_json_lines(first, sys.stdout, windows)  # type: ignore[arg-type]
    else:
        _show(_first(table, limit or SHOWN))
        show.remark(f"{len(table):,} found" + _more(len(table), limit or SHOWN))
    if windows is not None and windows.without:
        kept = "`genrescope scan --timeline` keeps them"
        show.remark(f"of {windows.without:,} of {len(first):,} files no windows were kept; {kept}")


def _more(found: int, shown: int) -> str:
    return f"; the first {shown:,} are shown (--limit, or -o FILE for all)" if found > shown else ""


def _show(table: Table) -> None:
    if not len(table):
        return
    several = len(table.models) > 1
    show.out().print(_head(["entropy", *(["agree"] if several else []), "file"]))
    for row, (genre, name) in enumerate(zip(table.genres, table.names, strict=True)):
        share = float(table.figures["probability"][row])
        colour = show.colour_of(genre)
        line = Text(f"{genre:<{GENRE_CELLS}}", style=colour)
        line.append(show.bar(share, BAR_CELLS), style=colour)
        line.append(f"{share * 100:4.0f} %  {table.figures['entropy'][row]:7.2f}  ")
        if several:
            count = int(table.counts[row])
            agreeing = round(float(table.figures["agreement"][row]) * count)
            line.append(f"{f'{agreeing}/{count}':>5}  ")
        line.append(name)
        if table.notices[row]:
            line.append(f"  ! {', '.join(table.notices[row].split())}", style="dim")
        show.out().print(line, highlight=False)


def _head(titles: list[str]) -> Text:
    first = f"{'genre':<{GENRE_CELLS + BAR_CELLS + 6}}"
    return Text(first + "".join(f"  {title}" for title in titles), style="dim")


def stats_command(
    store: Store = None,
    model: Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Count what a collection holds: genres, doubt, models, failures.

    Example: `genrescope stats`
    """
    from genrescope.collection.stores import open_store
    from genrescope.collection.table import read_table

    with open_store(store, create=False) as opened:
        failures = Counter(failure.stage for _, failure in opened.failures())
        seats = opened.seats()
        try:
            table = read_table(opened, model or [])
        except CollectionError:
            if not failures or any(count for _, count in seats):
                raise
            raise CollectionError(
                f"nothing but failures: {failures.total():,} files; see `genrescope scan`"
            ) from None
    content = _content(table, failures)
    content["models"] = [
        {
            "model": seat.model,
            "sha256": seat.digest,
            "windows": seat.windows,
            "files": count,
        }
        for seat, count in seats
    ]
    if as_json:
        sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        return
    _show_stats(content)


def _content(table: Table, failures: Counter[str]) -> dict[str, Any]:
    doubtful = table.figures["probability"] < 0.5
    return {
        "files": len(table),
        "hours": round(float(table.figures["seconds"].sum()) / 3600, 2),
        "genres": dict(Counter(table.genres).most_common()),
        "first_choice_below_half": int(doubtful.sum()),
        "perhaps_no_music": int((table.figures["music"] < 0.5).sum()),
        "median_entropy_bits": round(_median(table), 3),
        "failures": dict(failures.most_common()),
    }


def _median(table: Table) -> float:
    import numpy as np

    return float(np.median(table.figures["entropy"])) if len(table) else 0.0


def _seats(models: list[dict[str, Any]]) -> list[str]:
    """Who analysed how many files; what sets two of one name apart."""
    names, files = (Counter(one[key] for one in models) for key in ("model", "sha256"))
    lines = []
    for one in models:
        apart = [f"windows {one['windows']}"] if names[one["model"]] > 1 else []
        if names[one["model"]] > files[one["sha256"]]:
            apart.append(f"model file {one['sha256'][:8]}…")
        which = f" ({', '.join(apart)})" if apart else ""
        lines.append(f"analysed by {one['model']}{which}: {one['files']:,}")
    return lines


def _show_stats(content: dict[str, Any]) -> None:
    out = show.out()
    out.print(f"{content['files']:,} files, {content['hours']:,} hours", highlight=False)
    for genre, count in content["genres"].items():
        share = count / content["files"]
        line = Text(f"  {genre:<12}")
        line.append(show.bar(share), style=show.colour_of(genre))
        line.append(f" {count:>7,}")
        out.print(line, highlight=False)
    lines = [
        f"first choice below 50 %: {content['first_choice_below_half']:,}",
        f"perhaps no music: {content['perhaps_no_music']:,}",
        f"median entropy: {content['median_entropy_bits']:.2f} bits",
        *_seats(content["models"]),
        *(f"failed at '{stage}': {count:,}" for stage, count in content["failures"].items()),
    ]
    for text in lines:
        out.print(f"  {text}", highlight=False)
