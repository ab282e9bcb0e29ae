"""OpenVINO: the engine for processors, and for Intel's graphics and neural units.

Compiled networks are not kept on disk. A cache took 70 ms off about 250 ms of compiling in a cold
start of about a second (MobileNetV3, two cores), for four times the model's bytes in a folder
whose content nobody verifies. One request under the LATENCY hint against two streams, in ms on
two busy cores: 5 against 6 for one picture, 14 against 12 for three, 132 against 100 for 24; a
heavy network fills the cores with one picture, so the hint stays.
"""

from __future__ import annotations

import sys
import threading
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from genrescope.models.engines import Outputs, check_pictures
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.types import EngineError, FloatArray

NAME = "openvino"
TELEMETRY = "openvino_telemetry"
_IMPORTING = threading.Lock()


def available() -> tuple[bool, str]:
    """Whether OpenVINO can be imported, and its version or the reason why not."""
    try:
        openvino = import_openvino()
    except (ImportError, OSError) as error:
        return False, str(error)
    return True, str(openvino.__version__).split("-")[0]


def import_openvino() -> ModuleType:
    """OpenVINO, imported without the report of its use that importing it would send.

    Returns
    -------
    module

    Notes
    -----
    OpenVINO brings the package ``openvino_telemetry``, which at import sends an event to Google
    Analytics and keeps an identity in ``~/intel``, unless the user opted out. Where that package
    cannot be imported OpenVINO goes on without; so it cannot, until OpenVINO is there. Nothing is
    changed on disk, and an OpenVINO that was imported before is left as it is.
    """
    with _IMPORTING:
        if "openvino" in sys.modules:
            return import_module("openvino")
        hidden = {name: sys.modules.pop(name) for name in (TELEMETRY,) if name in sys.modules}
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]
        try:
            return import_module("openvino")
        finally:
            del sys.modules[TELEMETRY]
            sys.modules.update(hidden)


@lru_cache(maxsize=1)
def _core() -> Any:
    return import_openvino().Core()


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
        network = core.read_model(runnable_bytes(model))
        network.reshape({"picture": [1, picture.channels, picture.height, picture.width]})
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": self.precision}
        compiled = core.compile_model(network, device, settings)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def run(self, pictures: FloatArray) -> Outputs:
        """See `genrescope.models.engines.Engine`."""
        check_pictures(pictures, self._model)
        logits, cams = [], []
        try:
            with self._lock:
                for picture in pictures:
                    given = self._request.infer({"picture": picture[None]})
                    logits.append(np.array(given["logits"], dtype=np.float32))
                    if self._model.cam_shape is not None:
                        cams.append(np.array(given["cam"], dtype=np.float32))
        except RuntimeError as error:
            name = self._model.path.name
            raise EngineError(f"OpenVINO cannot run {name}: {_why(error)}") from error
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
        raise EngineError(f"OpenVINO cannot compile it: {_why(error)}") from error


def _why(error: RuntimeError) -> str:
    """The line of OpenVINO's message that people can use: the last one with words in it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
