"""Heat maps put to the test: by ``genrescope evaluate --maps``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.apps.bench.maps import Tried


def try_all(names: Sequence[str], data: Path | None, count: int) -> list[Tried]:
    """Every model's heat maps on so many excerpts, with a bar for each.

    Parameters
    ----------
    names : sequence of str
        Of models, or of their files.
    data : Path, optional
        Folder of the collections.
    count : int
    """
    from genrescope.apps.bench.maps import try_maps, windows_to_try
    from genrescope.apps.cli.waiting import Waiting
    from genrescope.classification.looking import load_models
    from genrescope.learn.datasets import data_folder

    found = []
    for model in load_models(list(names)):
        windows = windows_to_try(model, data or data_folder(), count)
        with Waiting(len(windows)) as waiting:
            waiting.begin(model.card.name)
            found.append(try_maps(model, windows, waiting.end))
    return found


def show_tried(found: Sequence[Tried], as_json: bool) -> None:
    """Print what came of it."""
    if as_json:
        sys.stdout.write(json.dumps([asdict(tried) for tried in found], indent=1) + "\n")
        return
    for tried in found:
        for trial in tried.trials:
            words = (
                f"{trial.model}, {trial.method}, {trial.n} excerpts: the first choice loses "
                f"{trial.hottest * 100:.1f} points without the hottest tenth, "
                f"{trial.elsewhere * 100:.1f} without the same shape elsewhere, "
                f"{trial.loudest * 100:.1f} without the loudest tenth; hottest less elsewhere "
                f"{trial.ahead * 100:+.1f} ({trial.low * 100:+.1f} to {trial.high * 100:+.1f})"
            )
            show.out().print(Text(words), highlight=False)
        if tried.rank_agreement is not None:
            words = f"{tried.model}: rank correlation of cam and occlusion"
            show.out().print(Text(f"{words} {tried.rank_agreement:.2f}"), highlight=False)
