"""More real Rock, Metal and R&B, in the form of `audio_pairs`; split by artist."""

from __future__ import annotations

from pathlib import Path

from genrescope.learn.datasets.audio_pairs import read_pairs
from genrescope.learn.excerpts import Excerpts


def load(folder: Path) -> Excerpts:
    """Read ``audio_pairs_rock.npz`` from `folder`."""
    return read_pairs(folder, "audio_pairs_rock", "none stated (commercial recordings)")
