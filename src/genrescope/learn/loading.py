"""Collections as they teach and judge: read, held apart, translated where that is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from genrescope.learn import datasets
from genrescope.learn.evaluation import REAL_AUDIO
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.fingerprints import tell_repeats, withhold_repeats
from genrescope.learn.splits import check_leaks, withhold_judged
from genrescope.learn.translate import TRANSLATOR, with_constant_q
from genrescope.types import TrainingError, refuse

SETS = {"real": REAL_AUDIO, "gtzan": ("gtzan",), "ece324": ("ece324",)}
"""What can be judged on by itself: a short name, and the collections that it is."""


def load_collections(
    names: Sequence[str],
    folder: Path,
    kind: str,
    cache: Path,
    tell: Callable[[str], None] | None = None,
) -> tuple[Excerpts, ...]:
    """Read data sets, withhold what judges from what teaches, check for leaks, translate for cqt.

    What judges is known by artist and title, and by its sound where the names differ.

    Parameters
    ----------
    names : sequence of str
        Of data sets.
    folder, cache : Path
        Where they are, and where what is made of them is kept.
    kind : str
        ``mel`` or ``cqt``.
    tell : callable, optional
        Called with a line on recordings that were withheld because of their sound, if any.

    Raises
    ------
    TrainingError
        If a data set is not there, or a song stands in train and in test.
    """
    named = withhold_judged([datasets.load(name).load(folder) for name in names])
    read, repeats = withhold_repeats(named, cache)
    if repeats and tell is not None:
        tell(tell_repeats(repeats))
    check_leaks(read)
    return with_constant_q(read, folder / TRANSLATOR, cache) if kind == "cqt" else read


def check_sets(on: Sequence[str]) -> None:
    """Refuse names of test sets that there are not; raises `TrainingError`."""
    unknown = ", ".join(repr(name) for name in on if name not in SETS)
    refuse(bool(unknown), f"no test set {unknown}; there are: {', '.join(SETS)}", TrainingError)


def load_judges(
    kind: str,
    folder: Path,
    cache: Path | None = None,
    on: Sequence[str] = (),
    tell: Callable[[str], None] | None = None,
) -> tuple[Excerpts, ...]:
    """The collections that every report is about: real audio, GTZAN, ece324; or some of them.

    What is withheld from a ``train`` split depends on which are there, a test split does not.
    """
    check_sets(on)
    names = [name for chosen, own in SETS.items() if chosen in on or not on for name in own]
    return load_collections(names, folder, kind, cache or Path("runs") / "translated", tell)
