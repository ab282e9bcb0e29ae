"""ONNX Runtime: the second engine, and the one for CUDA."""

from __future__ import annotations

import os
from typing import Any

from genrescope.models.engines import Outputs, check_pictures, choose_outputs, join_outputs
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.types import EngineError, FloatArray, MissingExtraError

NAME = "onnxruntime"
PROVIDERS = {"CPU": "CPUExecutionProvider", "CUDA": "CUDAExecutionProvider"}
SILENT = 4
DECLINE_REPORTS = "ORT_DISABLE_TELEMETRY"


def _runtime() -> Any:
    """ONNX Runtime, imported without the reports of its use that it would send to Microsoft.

    Since 1.29 it does so on Linux and macOS too, and keeps an identity in the cache folder; its
    own variable for declining counts where it is set before the import. Windows has the call.
    """
    os.environ.setdefault(DECLINE_REPORTS, "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("ONNX Runtime", "onnxruntime") from error
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _errors() -> tuple[type[Exception], ...]:
    """Whatever ONNX Runtime may raise: its own errors share no base below `Exception`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type)]
    raised = tuple(kind for kind in own if issubclass(kind, Exception))
    return (*raised, RuntimeError, ValueError)


def available() -> tuple[bool, str]:
    """Whether ONNX Runtime can be imported, and its version or the reason why not."""
    try:
        return True, str(_runtime().__version__)
    except MissingExtraError as error:
        return False, str(error)


def devices() -> tuple[str, ...]:
    """``CPU``, and ``CUDA`` where this build of ONNX Runtime has it."""
    offered = _runtime().get_available_providers()
    return tuple(name for name, provider in PROVIDERS.items() if provider in offered)


class OnnxRuntimeEngine:
    """One network in an ONNX Runtime session, run a picture at a time.

    Parameters
    ----------
    model : ModelFile
    device : str
    """

    def __init__(self, model: ModelFile, device: str) -> None:
        self.name, self.device, self._model = NAME, device, model
        self.precision, self.reason = "f32", "it was measured slower in int8 than in float32"
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.log_severity_level = SILENT  # what goes wrong comes as an error anyway
        provider = PROVIDERS[device]
        self._session = runtime.InferenceSession(
            runnable_bytes(model, int8=False, embedding=True),
            options,
            providers=[provider],
            enable_fallback=0,  # it would print, and go on elsewhere than it was asked to
        )
        if provider not in self._session.get_providers():
            raise EngineError(f"ONNX Runtime cannot start {device} here, only its processor code")
        there = {output.name for output in self._session.get_outputs()}
        self._outputs = choose_outputs(there, model)

    def run(self, pictures: FloatArray) -> Outputs:
        """See `genrescope.models.engines.Engine`."""
        check_pictures(pictures, self._model)
        try:
            given = [self._session.run(self._outputs, {"picture": p[None]}) for p in pictures]
        except _errors() as error:
            name = self._model.path.name
            raise EngineError(f"ONNX Runtime cannot run {name}: {error}") from error
        named = [dict(zip(self._outputs, one, strict=True)) for one in given]
        return join_outputs(named, self._model)


def load(model: ModelFile, device: str | None = None) -> OnnxRuntimeEngine:
    """Open a session.

    Raises
    ------
    EngineError
        If the device is not there, or the file cannot be loaded.
    """
    found = devices()
    wanted = device or ("CUDA" if "CUDA" in found else "CPU")
    if wanted not in found:
        raise EngineError(f"ONNX Runtime finds no {wanted} here, only {', '.join(found)}")
    try:
        return OnnxRuntimeEngine(model, wanted)
    except _errors() as error:
        raise EngineError(f"ONNX Runtime cannot load it: {error}") from error
