"""OpenVINO's own files (IR): a network as .xml, its weights as .bin beside it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from genrescope.models.engines.openvino import import_openvino
from genrescope.types import EngineError, FloatArray, ModelError

ROOM = "genrescope"
"""Under which the texts stand in the file's ``rt_info``."""


def write_ir(network: bytes, path: Path, texts: dict[str, str]) -> tuple[Path, Path]:
    """Write a network as IR in float32, with texts in its ``rt_info``.

    Parameters
    ----------
    network : bytes
        ONNX.
    path : Path
        Of the .xml; the .bin lies beside it.
    texts : dict of str to str

    Returns
    -------
    tuple of Path
        What was written: .xml and .bin.

    Raises
    ------
    EngineError
        If OpenVINO cannot read the network.
    ModelError
        If it cannot be written.
    """
    openvino = import_openvino()
    ends = (path, path.with_suffix(".bin"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as waiting:
            model = openvino.Core().read_model(network)
            for name, text in texts.items():
                model.set_rt_info(text, [ROOM, name])
            made = Path(waiting) / path.name
            openvino.save_model(model, made, compress_to_fp16=False)
            del model
            made.with_suffix(".bin").replace(ends[1])
            made.replace(ends[0])
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error})") from error
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot make {path.name}: {error}") from error
    return ends


def read_ir_text(path: Path, name: str) -> str:
    """A text from a file's ``rt_info``.

    Raises
    ------
    EngineError
        If it is no IR, or has none of that name.
    """
    try:
        model = import_openvino().Core().read_model(path)
        return str(model.get_rt_info([ROOM, name]).astype(str))
    except RuntimeError as error:
        raise EngineError(f"{path}: no IR with a text {name!r}") from error


def run_ir(path: Path, pictures: FloatArray) -> FloatArray:
    """Logits of an IR on the processor, in float32.

    Parameters
    ----------
    path : Path
    pictures : ndarray of float32, shape (n, channels, height, width)

    Returns
    -------
    ndarray of float32, shape (n, genres)

    Raises
    ------
    EngineError
        If it cannot be run.
    """
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    try:
        network = import_openvino().Core().compile_model(path, "CPU", settings)
        given = [np.array(network({"picture": one[None]})["logits"]) for one in pictures]
    except RuntimeError as error:
        raise EngineError(f"{path}: OpenVINO cannot run it: {error}") from error
    return np.concatenate(given).astype(np.float32)
