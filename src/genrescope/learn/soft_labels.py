"""Soft genre labels of real audio, heard by a network that others trained.

musicnn's embeddings cover every excerpt of `audio_pairs`, in its order: those with a genre given
by hand and those without (`unlabelled`). A folded head turns them into distributions over the
genres, which can stand beside, or in place of, hard labels when another network is taught.

What they may be used for depends on the split. `unlabelled`: to teach, nobody had to guess.
`train`: to teach, but the head was fitted to these very excerpts, so that its errors are rarer
here than elsewhere. `valid` and `test`: to look at, never to teach. A network that learned from
them owes something to the Million Song Dataset, and its card must say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genrescope.classification.calibrate import apply_temperature
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.fold_recipe import read_fold_recipe
from genrescope.learn.folding import fit_fold
from genrescope.types import FloatArray

TEACHING_SPLITS = ("train", "unlabelled")


@dataclass(frozen=True, slots=True, eq=False)
class SoftLabels:
    """Distributions over genres, an excerpt a row.

    Attributes
    ----------
    dataset : str
    labels : tuple of str
    names, splits : tuple of str, length n
        As `genrescope.learn.excerpts.Excerpts` has them, in its order.
    probabilities : ndarray of float32, shape (n, genres)
        Calibrated on validation songs; rows sum to 1.
    """

    dataset: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    splits: tuple[str, ...]
    probabilities: FloatArray

    def teaching(self) -> dict[str, FloatArray]:
        """Name to distribution, of the excerpts that may teach (`TEACHING_SPLITS`)."""
        rows = zip(self.names, self.splits, self.probabilities, strict=True)
        return {name: row for name, split, row in rows if split in TEACHING_SPLITS}

    def told(self, excerpts: Excerpts, targets: FloatArray, share: float) -> FloatArray:
        """Mix what may teach into the targets of a collection's excerpts.

        Parameters
        ----------
        excerpts : Excerpts
            Of any collection; those that the soft labels do not speak of stay as they are.
        targets : ndarray of float32, shape (n, genres)
            Distributions; all zeros where nobody has labelled an excerpt.
        share : float
            Of the soft label in a target, in [0, 1]; a target of zeros becomes the soft label.

        Returns
        -------
        ndarray of float32, shape (n, genres)
        """
        mixed = targets.copy()
        if excerpts.dataset != self.dataset:
            return mixed
        rows = self.teaching()
        for place, name in enumerate(excerpts.names):
            if name in rows:
                part = share if targets[place].any() else 1.0
                mixed[place] = (1 - part) * targets[place] + part * rows[name]
        return mixed


def soften(recipe: Path, folder: Path) -> SoftLabels:
    """Soft labels of every excerpt of ``audio_pairs``, by the head that a recipe describes.

    Parameters
    ----------
    recipe : Path
        ``recipes/musicnn_msd.toml``; its head is fitted again, which takes seconds.
    folder : Path
        Of the collections.

    Returns
    -------
    SoftLabels

    Raises
    ------
    TrainingError
        If the recipe or a collection is not there, or not in order.
    """
    fold = fit_fold(read_fold_recipe(recipe), folder)
    return SoftLabels(
        dataset=fold.excerpts.dataset,
        labels=fold.labels,
        names=fold.excerpts.names,
        splits=fold.excerpts.splits,
        probabilities=apply_temperature(fold.head.logits(fold.embedding), fold.temperature),
    )
