"""Which of a run's weights are worth keeping: their moving average, or the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from genrescope.classification.calibrate import apply_temperature
from genrescope.learn.evaluation import excerpt_logits, judged_sets, song_logits
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.metrics import nll
from genrescope.learn.training import Run
from genrescope.learn.watching import torch_infer

LAST = "the last step's, not their moving average"

LEAST_GAIN = 0.05
"""Nats a validation song by which the last weights must be better to be taken."""


def choose_weights(run: Run, collections: Sequence[Excerpts]) -> tuple[nn.Module, str]:
    """The average of a run's weights, or the last where validation songs clearly prefer them.

    The run keeps what was taken: whatever begins from it begins there.

    An average over hundreds of steps is smoother, and behind: where the last stages are short,
    it still holds weights that learned on smaller pictures, under batch norms that have moved on
    (Izmailov et al. 2018, arXiv 1803.05407, measure them anew for that reason).

    Parameters
    ----------
    run : Run
        At its end.
    collections : sequence of Excerpts
        Their ``valid`` splits judge, each set counting the same; without one it is the average.

    Returns
    -------
    network : torch.nn.Module
        In evaluation mode.
    which : str
        For the card: "" for the average.
    """
    if run.kept_last:  # finishing was interrupted: nothing else is left to choose from
        return run.averaged(), LAST
    average, last = run.averaged(), run.last()
    before, after = (_loss(run, network, collections) for network in (average, last))
    if after < before - LEAST_GAIN:
        run.keep_last()
        return last, LAST
    return average, ""


def _loss(run: Run, network: nn.Module, collections: Sequence[Excerpts]) -> float:
    """Mean negative log-likelihood of validation songs, in nats."""
    infer, losses = torch_infer(network, run.recipe.picture), []
    for parts in judged_sets(collections).values():
        judged = []
        for part in (whole.split("valid") for whole in parts):
            if len(part):
                with torch.autocast(
                    "cpu", torch.bfloat16, enabled=run.recipe.precision == "bfloat16"
                ):
                    logits = excerpt_logits(
                        infer, part.pictures(run.recipe.kind), run.spectrogram.frames
                    )
                judged.append(song_logits(logits, part, run.labels))
        if judged:
            logits, truth = (np.concatenate(column) for column in zip(*judged, strict=True))
            losses.append(nll(apply_temperature(logits, 1.0), truth))
    return float(np.mean(losses)) if losses else 0.0
