"""Five styles of Vietnamese traditional music, 30 s each; taken as World.

Ca trù, chầu văn, chèo, cải lương and hát xẩm are art, ritual and theatre music of living
traditions rather than songs of a folk revival: World is the nearer of the sixteen labels.
Values are floored at −40 dB.
"""

from __future__ import annotations

from pathlib import Path

from genrescope.learn.datasets import read_arrays
from genrescope.learn.excerpts import Excerpts


def load(folder: Path) -> Excerpts:
    """Read ``mel_vietnamese.npz`` from `folder`."""
    arrays = read_arrays(folder, "mel_vietnamese.npz")
    names = tuple(str(name) for name in arrays["name"])
    return Excerpts(
        dataset="vietnamese",
        mel=arrays["mel"],
        cqt=None,
        genres=("World",) * len(names),
        names=names,
        groups=names,
        songs=names,
        splits=tuple({"val": "valid"}.get(str(s), str(s)) for s in arrays["split"]),
        terms="none stated",
    )
