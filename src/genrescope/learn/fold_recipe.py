"""What folding another's network depends on: its recipe, and what that network looks at."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from genrescope.learn.recipe import read_table
from genrescope.types import PictureSpec, SpectrogramSpec, TrainingError, refuse

NETWORK = "musicnn"
MUSICNN_MEL = SpectrogramSpec(
    "mel",
    16000,
    96,
    256,
    512,
    0.0,
    8000.0,
    window_seconds=187 * 256 / 16000,
    compression="log10",
    log_gain=1e4,
    log_ceiling=8.0,
)
"""What musicnn looks at: 187 frames, three seconds, of log10(10000 x + 1)."""

HEARD_MEL = replace(MUSICNN_MEL, log_gain=2e4)
"""The same for the mean of two channels, as this program mixes them.

The stored embeddings come from FFmpeg's mixture, which keeps 0.707 of each channel and so lies
3 dB above the mean where both carry the same: twice the power. On the stereo clips at hand the
network then gives the stored embeddings again, and half as far from them without it.
"""

MUSICNN_PICTURE = PictureSpec(96, 187, 1, (0.0,), (1 / 8,))
"""The window as it is: every band and frame a pixel, values in [0, 8] again."""


@dataclass(frozen=True, slots=True)
class FoldRecipe:
    """Everything that folding depends on, but the data.

    Attributes
    ----------
    name, network, taxonomy, description : str
        `network` is ``musicnn``.
    penalties : tuple of float
        Candidates; see `genrescope.learn.head`.
    crowding : float
        A genre of n excerpts weighs n to this power.
    """

    name: str
    network: str
    taxonomy: str
    penalties: tuple[float, ...]
    crowding: float = 0.5
    description: str = ""


def is_fold(path: Path) -> bool:
    """Whether a recipe folds another's network rather than trains one."""
    try:
        return read_table(path).get("network") == NETWORK
    except TrainingError:
        return False


def read_fold_recipe(path: Path) -> FoldRecipe:
    """Read a recipe.

    Raises
    ------
    TrainingError
        If it cannot be read, lacks something, or has a word that means nothing.
    """
    table = read_table(path)
    try:
        unknown = sorted(set(table) - {field.name for field in fields(FoldRecipe)})
        refuse(bool(unknown), f"{path}: the recipe knows no {', '.join(unknown)}", TrainingError)
        table["penalties"] = tuple(float(penalty) for penalty in table["penalties"])
        return FoldRecipe(**table)
    except (TypeError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: {error}") from error
