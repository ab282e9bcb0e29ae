"""From a finished run to a model file: exported, calibrated, measured as it is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch

from genrescope.classification.looking import Model
from genrescope.learn.choosing import choose_weights
from genrescope.learn.evaluation import judged_sets
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.export import export_graph
from genrescope.learn.judging import judge, split_logits
from genrescope.learn.metrics import KEPT_METRICS
from genrescope.learn.optimising import set_blocks
from genrescope.learn.quantising import (
    LEAST_SPEED,
    calibrating_pictures,
    is_as_good,
    quantise_network,
    speed_ratio,
    top1_change,
)
from genrescope.learn.reliability import add_bands
from genrescope.learn.scaling import fit_scaling
from genrescope.learn.training import Run
from genrescope.models import renew_index
from genrescope.models.engines import open_engine
from genrescope.models.engines.openvino import OpenVinoEngine
from genrescope.models.file import ModelFile, save_model
from genrescope.models.weights import store_weights_int8
from genrescope.types import FloatArray, ModelCard, Report

STORED = "int8.onnx"
"""What a finished run leaves in its folder, for runs that it teaches."""

COMPUTING = "computing-int8.onnx"
"""What it leaves there of an attempt at static int8."""


def finish_model(
    run: Run,
    card: ModelCard,
    collections: Sequence[Excerpts],
    folder: Path,
    *,
    static: bool = False,
) -> tuple[ModelFile, list[Report]]:
    """Calibrate on ``valid``, measure on ``test`` and write ``NAME.onnx`` into `folder`.

    Transformer blocks that the last stage leaves out are not in the file: they are the identity.
    Of the calibration, the bias of every genre goes into the network's last layer, where the
    class activation map stays exact, and the temperature onto the card.

    Scores are measured on the file as it is shipped, int8 and all; what int8 cost against
    float32 stands on the card.

    Parameters
    ----------
    run : Run
    card : ModelCard
        Without temperature, scores and weights.
    collections : sequence of Excerpts
        What calibrates and judges. Without a ``valid`` song the temperature stays 1.
    folder : Path
    static : bool
        Whether to try the network in int8, activations too: it ships so where that is faster
        and as good on the ``valid`` songs. Otherwise int8 is how weights are stored.

    Returns
    -------
    model : ModelFile
    reports : list of Report
        On the test splits.
    """
    network, which = choose_weights(run, collections)
    set_blocks(network, run.recipe.stages[-1])
    stored = store_weights_int8(export_graph(network, run.recipe.picture))
    draft = save_model(stored, card, run.folder / "draft.onnx")
    temperature, bias = _scaling(draft, collections)
    with torch.no_grad():
        network.get_parameter("head.bias").add_(torch.from_numpy(bias))
    card = replace(card, temperature=temperature)
    graph = export_graph(network, run.recipe.picture)
    whole = save_model(graph, card, run.folder / "float32.onnx")
    stored = store_weights_int8(graph)
    draft.path.unlink()
    draft = save_model(stored, card, run.folder / STORED)  # calibrated: it may teach
    how = "int8 per output channel"
    computing = _computing_in_int8(whole, graph, collections) if static else None
    if computing is not None:
        stored, draft, how = computing
    before = judge(_opened(whole), collections, "test")
    after = judge(_opened(draft), collections, "test")
    card = replace(
        card,
        scores=tuple(s for r in after for s in r.scores if s.metric in KEPT_METRICS),
        bands=add_bands(report.bands for report in after),
        weights="; ".join(filter(None, (how, which, _loss_of_int8(before, after)))),
    )
    path = folder / f"{card.name}.onnx"
    model = save_model(stored, card, path)
    renew_index(path)
    return model, after


def _opened(model: ModelFile) -> Model:
    return Model(model.card, open_engine(model))


def _computing_in_int8(
    whole: ModelFile, graph: onnx.ModelProto, collections: Sequence[Excerpts]
) -> tuple[onnx.ModelProto, ModelFile, str] | None:
    """The network in static int8, and how; None where it is worse or no faster.

    Where int8 costs songs it is tried once more with the first convolution spared.
    """
    pictures = calibrating_pictures(collections, whole.card)
    before: list[Report] = []
    for spare_first, spared in ((False, "the head"), (True, "the first convolution and the head")):
        quantised = quantise_network(graph, pictures, spare_first=spare_first)
        model = save_model(quantised, whole.card, whole.path.with_name(COMPUTING))
        other = _opened(model)
        # Where it trains bfloat16 may be as fast as int8; where it runs there may be none.
        faster = speed_ratio(OpenVinoEngine(whole, "CPU", "f32"), other.engine, pictures[0])
        if other.engine.precision != "int8" or faster < LEAST_SPEED:
            return None
        before = before or judge(_opened(whole), collections, "valid")
        if is_as_good(top1_change(before, judge(other, collections, "valid"))):
            return quantised, model, f"int8 per output channel, activations too but for {spared}"
    return None


def _scaling(model: ModelFile, collections: Sequence[Excerpts]) -> tuple[float, FloatArray]:
    loaded = _opened(model)
    sets = [split_logits(loaded, parts, "valid") for parts in judged_sets(collections).values()]
    sets = [(logits, truth) for logits, truth in sets if len(truth)]
    return fit_scaling(sets) if sets else (1.0, np.zeros(len(model.card.labels), np.float32))


def _loss_of_int8(before: Sequence[Report], after: Sequence[Report]) -> str:
    changes = [
        f"{b.dataset} {100 * (a.score('top1').value - b.score('top1').value):+.1f}"
        for b, a in zip(before, after, strict=True)
    ]
    return f"top-1 against float32 in points: {', '.join(changes)}"
