"""Everything that is measured for the page on speed, part by part."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genrescope.apps.bench import songs
from genrescope.apps.bench.parts import PARTS, SONG_SECONDS, Material, Part
from genrescope.apps.bench.timing import Row
from genrescope.classification.looking import Model
from genrescope.types import GenrescopeError, refuse


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a part.

    Attributes
    ----------
    rows : list of Row
    remark : str
        A sentence from the figures, or "".
    missing : str
        Why there are no rows, or "".
    seconds : float
        How long it took.
    """

    rows: list[Row] = field(default_factory=list)
    remark: str = ""
    missing: str = ""
    seconds: float = 0.0


def measure(
    source: Path | None, models: Sequence[Model], names: Sequence[str], repeats: int
) -> Iterator[tuple[Part, Measured]]:
    """Measure parts one after another; one that cannot be measured says why and stops no other.

    Parameters
    ----------
    source : Path or None
        A recording that songs are made of; None for one that is made up.
    models : sequence of Model
        At least one.
    names : sequence of str
        Of parts; where empty, all that need not be asked for by name.
    repeats : int

    Raises
    ------
    GenrescopeError
        If there is no such part, or the source is no sound.
    """
    known = {part.name: part for part in PARTS}
    unknown = [name for name in names if name not in known]
    said = f"no such part: {', '.join(unknown)}; there are {', '.join(known)}"
    refuse(bool(unknown), said, GenrescopeError)
    with tempfile.TemporaryDirectory(prefix="genrescope-bench-") as folder:
        material = Material(
            source,
            songs.lengthen(source, Path(folder) / "song.mp3", SONG_SECONDS),
            tuple(models),
            repeats,
        )
        for part in PARTS:
            if part.name in names or not (names or part.named):
                yield part, _measure(part, material)


def _measure(part: Part, material: Material) -> Measured:
    began = time.monotonic()
    try:
        rows, remark = part.measure(material)
    except (GenrescopeError, OSError) as error:
        return Measured(missing=str(error), seconds=time.monotonic() - began)
    return Measured(rows, remark, seconds=time.monotonic() - began)
