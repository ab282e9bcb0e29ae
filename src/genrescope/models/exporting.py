"""Model files for other programs: plain ONNX in float32 or float16, and OpenVINO's IR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from genrescope.models.card import card_to_json
from genrescope.models.engines import open_engine
from genrescope.models.engines._ir import run_ir, write_ir
from genrescope.models.file import ModelFile, runnable_bytes, save_model
from genrescope.models.graph import computes_in_int8
from genrescope.models.plain import drop_quantisation, to_half
from genrescope.types import FloatArray, ModelError, refuse

if TYPE_CHECKING:
    import onnx

Form = Literal["onnx-fp32", "onnx-fp16", "openvino"]
FORMS: tuple[Form, ...] = get_args(Form)
SUFFIXES: dict[Form, str] = {"onnx-fp32": ".onnx", "onnx-fp16": ".onnx", "openvino": ".xml"}
WEIGHTS: dict[Form, str] = {"onnx-fp32": "float32", "onnx-fp16": "float16", "openvino": "float32"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    files : tuple of Path
        The first is the one to open.
    form : str
    difference : float
        The greatest between its logits and the model file's, on the pictures given.
    largest : float
        The model file's largest logit there, to hold the difference against.
    """

    files: tuple[Path, ...]
    form: Form
    difference: float
    largest: float


def export_model(model: ModelFile, path: Path, form: Form, pictures: FloatArray) -> Exported:
    """Write a model for other programs, run what was written, and compare.

    Parameters
    ----------
    model : ModelFile
    path : Path
        Ends in what `SUFFIXES` says of the form.
    form : {'onnx-fp32', 'onnx-fp16', 'openvino'}
        ONNX keeps the card in its metadata as model files do, IR in its ``rt_info``.
    pictures : ndarray of float32, shape (n, channels, height, width)

    Returns
    -------
    Exported

    Raises
    ------
    ModelError
        If the place or the network will not do, or what was written gives no numbers; then it
        is gone again.
    """
    suffix = SUFFIXES[form]
    refuse(path.suffix.lower() != suffix, f"{path}: {form} ends in {suffix}", ModelError)
    itself = path.exists() and path.samefile(model.path)
    refuse(itself, f"{path} is the model file itself", ModelError)
    wanted = open_engine(model).run(pictures).logits
    network = plain_network(model)
    card = replace(model.card, weights=f"{WEIGHTS[form]}, exported from {model.card.weights}")
    if form == "openvino":
        texts = {"card": card_to_json(card)}
        files: tuple[Path, ...] = write_ir(network.SerializeToString(), path, texts)
        given = run_ir(path, pictures)
    else:
        written = save_model(to_half(network) if form == "onnx-fp16" else network, card, path)
        files = (written.path,)
        given = open_engine(written).run(pictures).logits
    if not np.isfinite(given).all():
        for file in files:
            file.unlink()
        raise ModelError(f"{model.card.name} gives no numbers as {form}, so it is not kept")
    return Exported(files, form, float(np.abs(given - wanted).max()), float(np.abs(wanted).max()))


def plain_network(model: ModelFile) -> onnx.ModelProto:
    """The network of a model file in float32, however it is stored and computed there.

    Raises
    ------
    ModelError
    """
    import onnx

    network = onnx.load_model_from_string(runnable_bytes(model))
    if computes_in_int8(network.graph):
        drop_quantisation(network)
    onnx.checker.check_model(network)
    return network
