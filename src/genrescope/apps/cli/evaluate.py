"""``genrescope evaluate``: how well models do, with intervals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.types import Report

SHOWN = ("top1", "top3", "macro_f1", "macro_recall8", "nll", "ece", "ece_by_chance")


def evaluate_command(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the collections; else $GENRESCOPE_DATA.")
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Also their mean: mel, constant-Q, all.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="Write the comparison of all models as a Markdown page.")
    ] = None,
    maps: Annotated[
        int | None,
        typer.Option(min=2, help="Instead, put heat maps to the test on so many excerpts."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Measure models on the test splits: real audio from other sources first, then each set.

    Intervals are 95 % bootstrap intervals over songs. Constant-Q models are measured on real
    constant-Q spectrograms and, apart from that, on translated ones.

    With `--maps` the hottest tenth of each window is silenced, the same shape elsewhere, and the
    loudest tenth: what the first choice's probability loses says how far to trust a heat map.

    Examples: `genrescope evaluate mobilenetv3_mel mobilenetv3_cqt`,
    `genrescope evaluate --maps 40 mobilenetv3_mel`
    """
    if maps is not None:
        _try_maps(models, data, maps, as_json)
        return
    from genrescope.learn import judging
    from genrescope.learn.together import judge_together
    from genrescope.models import spell_out

    names, reports = spell_out(models), list[Report]()
    for name in names:
        reports.extend(judging.judge_model(name, data))
    for panel in _panels(names) if together else ():
        reports.extend(judge_together(panel, data))
    if page is not None:
        from genrescope.apps.zoo_page import write_page

        write_page(page, names, reports)
    if as_json:
        sys.stdout.write(json.dumps([judging.to_plain(r) for r in reports], indent=1) + "\n")
        return
    _show(reports)


def _panels(names: tuple[str, ...]) -> list[list[str]]:
    """Which models are heard together: those of each kind of spectrogram, then all."""
    from genrescope.models import find

    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(find(name).card.spectrogram.kind, []).append(name)
    panels = [panel for panel in kinds.values() if len(panel) > 1]
    return [*panels, list(names)] if len(kinds) > 1 else panels or [list(names)]


def _show(reports: list[Report]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column in ("model", "test set", "songs", *SHOWN):
        table.add_column(column)
    for report in reports:
        cells = []
        for metric in SHOWN:
            score = report.score(metric)
            cells.append(f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})")
        table.add_row(report.model, report.dataset, str(report.n), *cells)
    show.out().print(table)
    for report in reports:
        genres = ", ".join(f"{g} {r:.2f} (n {n})" for g, n, r in report.per_genre)
        show.out().print(f"{report.model}, {report.dataset}: {genres}", highlight=False)
    for report in reports:
        told = [s for s in report.scores if s.metric in ("auroc", "music_kept", "others_caught")]
        for score in told:
            figures = f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"
            aside = f" [{score.note}]" if score.note else ""
            line = f"{report.model}, {score.dataset}{aside}: {score.metric} {figures}"
            show.out().print(Text(line), highlight=False)


def _try_maps(names: list[str], data: Path | None, count: int, as_json: bool) -> None:
    from dataclasses import asdict

    from genrescope.apps.bench.maps import try_maps, windows_to_try
    from genrescope.apps.cli.waiting import Waiting
    from genrescope.classification.classifier import load_models
    from genrescope.learn.datasets import data_folder

    plain = []
    for model in load_models(names):
        windows = windows_to_try(model, data or data_folder(), count)
        with Waiting(len(windows)) as waiting:
            waiting.begin(model.card.name)
            trials, agreement = try_maps(model, windows, waiting.end)
        plain.append(
            {
                "model": model.card.name,
                "trials": [asdict(trial) for trial in trials],
                "rank_agreement": agreement,
            }
        )
        for trial in () if as_json else trials:
            words = (
                f"{trial.model}, {trial.method}, {trial.n} excerpts: the first choice loses "
                f"{trial.hottest * 100:.1f} points without the hottest tenth, "
                f"{trial.elsewhere * 100:.1f} without the same shape elsewhere, "
                f"{trial.loudest * 100:.1f} without the loudest tenth; hottest less elsewhere "
                f"{trial.ahead * 100:+.1f} ({trial.low * 100:+.1f} to {trial.high * 100:+.1f})"
            )
            show.out().print(Text(words), highlight=False)
        if agreement is not None and not as_json:
            words = f"{model.card.name}: rank correlation of cam and occlusion {agreement:.2f}"
            show.out().print(Text(words), highlight=False)
    if as_json:
        sys.stdout.write(json.dumps(plain, indent=1) + "\n")
