"""From a finished run to a model file: exported, calibrated, measured as it is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from genrescope.classification.classifier import Model
from genrescope.learn.evaluation import judged_sets
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.export import export_graph
from genrescope.learn.judging import judge, split_logits
from genrescope.learn.metrics import KEPT_METRICS, add_bands
from genrescope.learn.scaling import fit_scaling
from genrescope.learn.training import Run
from genrescope.models.engines import open_engine
from genrescope.models.file import ModelFile, save_model
from genrescope.models.weights import store_weights_int8
from genrescope.types import FloatArray, ModelCard, Report

STORED = "int8.onnx"
"""What a finished run leaves in its folder, for runs that it teaches."""


def finish_model(
    run: Run, card: ModelCard, collections: Sequence[Excerpts], folder: Path
) -> tuple[ModelFile, list[Report]]:
    """Calibrate on ``valid``, measure on ``test`` and write ``NAME.onnx`` into `folder`.

    Of the calibration, the bias of every genre goes into the network's last layer, where the
    class activation map stays exact, and the temperature onto the card.

    Scores are measured on the file as it is shipped, int8 weights and all; what int8 cost
    against float32 stands on the card.

    Parameters
    ----------
    run : Run
    card : ModelCard
        Without temperature, scores and weights.
    collections : sequence of Excerpts
        What calibrates and judges. Without a ``valid`` song the temperature stays 1.
    folder : Path

    Returns
    -------
    model : ModelFile
    reports : list of Report
        On the test splits.
    """
    network = run.averaged()
    stored = store_weights_int8(export_graph(network, run.recipe.picture))
    draft = save_model(stored, card, run.folder / STORED)
    temperature, bias = _scaling(draft, collections)
    with torch.no_grad():
        network.get_parameter("head.bias").add_(torch.from_numpy(bias))
    card = replace(card, temperature=temperature)
    graph = export_graph(network, run.recipe.picture)
    whole = save_model(graph, card, run.folder / "float32.onnx")
    stored = store_weights_int8(graph)
    draft = save_model(stored, card, draft.path)
    before = judge(Model(whole.card, open_engine(whole)), collections, "test")
    after = judge(Model(draft.card, open_engine(draft)), collections, "test")
    card = replace(
        card,
        scores=tuple(s for r in after for s in r.scores if s.metric in KEPT_METRICS),
        bands=add_bands(report.bands for report in after),
        weights=_loss_of_int8(before, after),
    )
    return save_model(stored, card, folder / f"{card.name}.onnx"), after


def _scaling(model: ModelFile, collections: Sequence[Excerpts]) -> tuple[float, FloatArray]:
    loaded = Model(model.card, open_engine(model))
    sets = [split_logits(loaded, parts, "valid") for parts in judged_sets(collections).values()]
    sets = [(logits, truth) for logits, truth in sets if len(truth)]
    return fit_scaling(sets) if sets else (1.0, np.zeros(len(model.card.labels), np.float32))


def _loss_of_int8(before: Sequence[Report], after: Sequence[Report]) -> str:
    changes = [
        f"{b.dataset} {100 * (a.score('top1').value - b.score('top1').value):+.1f}"
        for b, a in zip(before, after, strict=True)
    ]
    return f"int8 per output channel; top-1 against float32 in points: {', '.join(changes)}"
