"""``genrescope evaluate``: how well models do, with intervals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.given import as_given

if TYPE_CHECKING:
    from genrescope.learn.audition import Audition
    from genrescope.learn.judging import Testimony
    from genrescope.types import Report, Score

SHOWN = {
    "top1": "top-1",
    "top3": "top-3",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "ece_by_chance": "by chance",
}
GAUGED = ("auroc", "music_kept", "others_caught")


def evaluate_command(
    context: typer.Context,
    models: Annotated[list[str], typer.Argument(metavar="MODEL...")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the collections; else $GENRESCOPE_DATA.")
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option("--on", help="Only this test set: real, gtzan or ece324; repeat. Else all."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Also their mean: mel, constant-Q, all.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(
            help="Write the comparison of all models, or what --audio found, as Markdown."
        ),
    ] = None,
    left_out: Annotated[
        list[str] | None,
        typer.Option(
            "--left-out", help="For the page: a model that a collection did not teach; repeat."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the reports as a page that opens offline.")
    ] = None,
    audio: Annotated[
        Path | None,
        typer.Option(help="Instead, measure on your own files: sub-folders are genres, or a CSV."),
    ] = None,
    labels_from: Annotated[
        str, typer.Option(help="Where the labels of --audio stand: folder, tag or csv.")
    ] = "folder",
    maps: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Put heat maps to the test on so many excerpts, for the page; else instead.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Measure models on the test splits: real audio from other sources first, then each set.

    Intervals are 95 % bootstrap intervals over songs; `--json` has every figure. ECE is how far
    probabilities lie from how often they were right, "by chance" what true probabilities would
    show on as many songs; `--json` and the pages have it before temperature, too.

    Constant-Q models are measured on real constant-Q spectrograms and, apart from that, on
    translated ones.

    With `--maps` the hottest tenth of each window is silenced, the same shape elsewhere, and the
    loudest tenth: what the first choice's probability loses says how far to trust a heat map.

    With `--audio` every file goes the whole way from its bytes to a probability; a file that
    cannot be heard stops nothing, is named at the end, and makes the exit code 1.

    Examples: `genrescope evaluate mobilenetv3_mel mobilenetv3_cqt`,
    `genrescope evaluate mobilenetv3_mel --on real`,
    `genrescope evaluate mobilenetv3_mel --audio my-music --html report.html`,
    `genrescope evaluate --maps 40 mobilenetv3_mel`
    """
    from genrescope.apps.audition_page import write_audition
    from genrescope.apps.cli.trying import show_tried, try_all
    from genrescope.apps.zoo_page import write_page
    from genrescope.learn.audition import Audition
    from genrescope.learn.judging import to_plain
    from genrescope.learn.second_look import second_looks
    from genrescope.models import spell_out

    _check_options(audio, page, maps, left_out or [], on or [])
    names, others = spell_out(models), tuple(left_out or ())
    if maps is not None and page is None:
        show_tried(try_all(names, data, maps), as_json)
        return
    tell = None if as_json else _once(show.remark)
    without = _reports(_examine(others, data, on, tell)) if others else []
    heard: list[Testimony] = []
    if audio is not None:
        found = _hear(names, audio, labels_from)
    else:
        heard = _examine(names, data, on, tell)
        found = Audition(tuple(_reports(heard, together=together)), ())
    if html is not None:
        from genrescope.learn.report_page import write_reports

        write_reports(html, found.reports, found.passed)
    if page is not None and audio is not None:
        write_audition(page, as_given(context), found.reports, found.passed)
    elif page is not None:
        tried = try_all(names, data, maps) if maps is not None else []
        looks = second_looks(heard) if together else []
        write_page(page, names, found.reports, as_given(context), others, without, tried, looks)
    if as_json:
        sys.stdout.write(json.dumps([to_plain(r) for r in found.reports], indent=1) + "\n")
    else:
        _show(found.reports)
    for one in found.passed:
        show.complain(f"{one.name}: {one.reason}")
    if found.unheard:
        raise typer.Exit(1)


def _check_options(
    audio: Path | None, page: Path | None, maps: int | None, left_out: list[str], on: list[str]
) -> None:
    """Refuse options that say nothing beside the others, and test sets that there are not."""
    from genrescope.learn.loading import check_sets
    from genrescope.types import TrainingError

    for option, asked in (("left-out", left_out), ("maps", maps), ("on", on)):
        if audio is not None and asked:
            message = f"--{option} is of the collections: it does not go with --audio"
            raise typer.BadParameter(message)
    if left_out and page is None:
        raise typer.BadParameter("--left-out goes with --page")
    if maps is not None and on and "real" not in on:
        raise typer.BadParameter("--maps looks at real audio: it goes with --on real")
    try:
        check_sets(on)
    except TrainingError as error:
        raise typer.BadParameter(f"--on: {error}") from None


def _hear(names: tuple[str, ...], place: Path, labels_from: str) -> Audition:
    from genrescope.apps.cli.steps import NAME_CELLS, Steps
    from genrescope.classification.looking import load_models
    from genrescope.learn.audition import audition
    from genrescope.learn.own.find import Question

    with Steps() as steps:
        row = steps.add("looking for labelled files", 1)
        return audition(
            load_models(names),
            Question(place, labels_from),
            lambda done, total, name: steps.move(row, name[-NAME_CELLS:], done, total),
        )


def _once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Say a line once, however many models it is said for."""
    said = set[str]()

    def told(line: str) -> None:
        if line not in said:
            said.add(line)
            tell(line)

    return told


def _examine(
    names: tuple[str, ...],
    data: Path | None,
    on: list[str] | None,
    tell: Callable[[str], None] | None,
) -> list[Testimony]:
    """What every model believes; each looks at every song once."""
    from genrescope.apps.cli.waiting import Waiting
    from genrescope.learn.judging import examine

    heard: list[Testimony] = []
    with Waiting(len(names)) as waiting:
        for name in names:
            waiting.begin(name)
            heard.append(examine(name, data, on=on or (), tell=tell))
            waiting.end()
    return heard


def _reports(heard: list[Testimony], *, together: bool = False) -> list[Report]:
    """Of every model, and of the panels."""
    from genrescope.learn.together import judge_together

    alone = [report for one in heard for report in one.reports()]
    panels = _panels(heard) if together else []
    return [*alone, *(report for panel in panels for report in judge_together(panel))]


def _panels(heard: list[Testimony]) -> list[list[Testimony]]:
    """Who is heard together: those of each kind of spectrogram, then all."""
    kinds: dict[str, list[Testimony]] = {}
    for one in heard:
        kinds.setdefault(one.card.spectrogram.kind, []).append(one)
    panels = [panel for panel in kinds.values() if len(panel) > 1]
    return [*panels, heard] if len(kinds) > 1 else panels or [heard]


def _show(reports: Sequence[Report]) -> None:
    """A table a test set, then genre by genre, then what tells music from other sounds."""
    for dataset in dict.fromkeys(report.dataset for report in reports):
        own = [report for report in reports if report.dataset == dataset]
        head = Text.assemble("\n", (dataset, "bold"), f", {own[0].n} songs")
        show.out().print(head, highlight=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        for column in ("model", *SHOWN.values()):
            table.add_column(column, overflow="fold")
        for report in own:
            table.add_row(report.model, *(_figures(report.score(metric)) for metric in SHOWN))
        show.out().print(table)
    show.out().print("\nper cent, with 95 % intervals; recall by genre:", style="dim")
    for report in reports:
        genres = ", ".join(f"{g} {100 * r:.0f} (of {n})" for g, n, r in report.per_genre)
        show.out().print(f"{report.model}, {report.dataset}: {genres}", highlight=False)
    for report in reports:
        for score in (s for s in report.scores if s.metric in GAUGED):
            aside = f" [{score.note}]" if score.note else ""
            line = f"{report.model}, {score.dataset}{aside}: {score.metric} {_figures(score)}"
            show.out().print(Text(line), highlight=False)


def _figures(score: Score) -> str:
    return f"{100 * score.value:.1f} ({100 * score.low:.0f}–{100 * score.high:.0f})"
