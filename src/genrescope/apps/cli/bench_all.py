"""``genrescope bench --all``: the page on speed, part by part."""

from __future__ import annotations

import shlex
import warnings
from datetime import UTC, datetime
from pathlib import Path

from genrescope.apps.bench import machine, suite
from genrescope.apps.bench.page import Figures, beside, read_figures
from genrescope.apps.bench.parts import PARTS
from genrescope.apps.cli import show
from genrescope.classification.looking import load_models
from genrescope.models.zoo import DEFAULTS
from genrescope.types import GenrescopeError, refuse

PAGE = Path("docs/benchmarks.md")
BUSY = 0.5
"""Load average from which on figures are worth a warning."""


def measure_all(
    source: Path | None, models: list[str], repeats: int, parts: list[str], page: Path | None
) -> None:
    """Measure and write the page after every part, so that what is done is not lost.

    Parameters
    ----------
    source : Path or None
        What songs are made of; None for one that is made up.
    models : list of str
    repeats : int
    parts : list of str
        Names; where empty, all that need no asking for. The others' figures are kept, if this is
        the same machine.
    page : Path or None
        `PAGE` where None.

    Raises
    ------
    GenrescopeError
        If the page's folder is not there, or figures of another machine would be mixed with these.
    """
    place = page or PAGE
    refuse(
        not place.parent.is_dir(),
        f"{place.parent}: no such folder; --page says where the page goes",
        GenrescopeError,
    )
    figures = _figures(source, models, repeats, parts, place)
    if figures.load is not None and figures.load > BUSY:
        show.remark(f"{figures.load:.1f} programs want a processor now: the figures will suffer")
    total = len(parts) or sum(not part.named for part in PARTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # others' libraries deprecate each other
        loaded = sorted(load_models(models), key=lambda one: one.card.name != DEFAULTS[0])
        found = suite.measure(source, loaded, parts, repeats)
        for number, (part, measured) in enumerate(found, 1):
            figures.parts[part.name] = measured
            figures.write(place)
            left_out = f", left out: {measured.missing}" if measured.missing else ""
            took = f"{part.name} in {measured.seconds:.0f} s{left_out}"
            show.announce(f"[{number}/{total}] {took}")
    show.announce(f"wrote {place} and {beside(place)}")


def _figures(
    source: Path | None, models: list[str], repeats: int, parts: list[str], place: Path
) -> Figures:
    """New ones, or the page's own where only some parts are measured again."""
    now, here = datetime.now(UTC).date().isoformat(), machine.describe()
    if parts and beside(place).exists():
        kept = read_figures(place)
        refuse(
            kept.machine != here,
            f"{beside(place)} was measured on another machine or with other versions: measure all",
            GenrescopeError,
        )
        return kept
    words = ["genrescope", "bench", "--all"]
    words += [str(source)] if source else []
    words += [word for name in models if name != "all" for word in ("--model", name)]
    words += ["--repeats", str(repeats)] if repeats != 7 else []
    return Figures(here, shlex.join(words), now, machine.load())
