"""OpenVINO: the engine for processors, and for Intel's graphics and neural units."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from genrescope.models.engines import Outputs, check_pictures
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.types import EngineError, FloatArray

NAME = "openvino"


def available() -> tuple[bool, str]:
    """Whether OpenVINO can be imported, and its version or the reason why not."""
    try:
        import openvino
    except ImportError as error:
        return False, str(error)
    return True, str(openvino.__version__).split("-")[0]


@lru_cache(maxsize=1)
def _core() -> Any:
    import openvino

    return openvino.Core()


def devices() -> tuple[str, ...]:
    """Devices that OpenVINO finds, e.g. ``CPU``, ``GPU.0``, ``NPU``."""
    return tuple(str(device) for device in _core().available_devices)


@lru_cache(maxsize=1)
def processor_precision() -> tuple[str, str]:
    """The precision to compute in on this processor, and why.

    Returns
    -------
    precision : {'f32', 'bf16'}
    reason : str

    Notes
    -----
    bfloat16 pays only where the processor multiplies matrices of it (AMX). Processors that
    merely know the format were measured slower in it than in float32.
    """
    offered = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "BF16" in offered and _flag("amx_bf16"):
        return "bf16", "the processor has AMX"
    if "BF16" in offered:
        return "f32", "the processor knows bfloat16 but shows no AMX, so float32 is faster"
    return "f32", "the processor has no bfloat16"


def _flag(name: str) -> bool:
    """Whether Linux names that feature of the processor; elsewhere there is no telling."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and name in info.read_text(encoding="ascii", errors="replace").split()


class OpenVinoEngine:
    """One network compiled by OpenVINO, run a picture at a time in as many streams as pay.

    Parameters
    ----------
    model : ModelFile
    device : str
    """

    def __init__(self, model: ModelFile, device: str) -> None:
        self.name, self.device, self._model = NAME, device, model
        on_processor = device == "CPU"
        self.precision, self.reason = (
            processor_precision() if on_processor else ("f32", "asked for on every other device")
        )
        picture = model.card.picture
        core = _core()
        network = core.read_model(runnable_bytes(model.path))
        network.reshape({"picture": [1, picture.channels, picture.height, picture.width]})
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": self.precision}
        compiled = core.compile_model(network, device, settings)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def run(self, pictures: FloatArray) -> Outputs:
        """See `genrescope.models.engines.Engine`."""
        check_pictures(pictures, self._model)
        logits, cams = [], []
        with self._lock:
            for picture in pictures:
                given = self._request.infer({"picture": picture[None]})
                logits.append(np.array(given["logits"], dtype=np.float32))
                if self._model.cam_shape is not None:
                    cams.append(np.array(given["cam"], dtype=np.float32))
        return Outputs(np.concatenate(logits), np.concatenate(cams) if cams else None)


def load(model: ModelFile, device: str | None = None) -> OpenVinoEngine:
    """Compile a model file.

    Raises
    ------
    EngineError
        If OpenVINO does not find the device, or cannot compile the network.
    """
    wanted = device or "CPU"
    if wanted not in devices() and f"{wanted}.0" not in devices():
        raise EngineError(f"OpenVINO finds no {wanted} here, only {', '.join(devices())}")
    try:
        return OpenVinoEngine(model, wanted)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot compile it: {str(error).splitlines()[-1]}") from error
