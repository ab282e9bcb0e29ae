"""OpenVINO: the engine for processors, and for Intel's graphics and neural units.

Every processor has a stream of its own with one thread, up to `MOST_STREAMS`, and pictures go
through them side by side: MobileNetV3 took 1.9 ms of wall time and 3.2 ms of the processor's for
each of sixty pictures, against 3.2 and 6.4 with both processors on one picture after another;
DenseNet121 in int8 5.0 and 9.4 against 7.0 and 14.0 (two shared cores, in one run). A picture by
itself waits longer for it: MobileNetV3 2.4 ms against 1.8. With one thread in each, all streams
compute alike, so a window's bits do not depend on which of them it met.

A network that multiplies more than `LARGE` times a picture has one stream with all processors
instead. There are few windows in a song, and VGG19-BN, in float32 on two processors, takes 63 ms
for one against 122, 193 for three against 243, and 1.06 or 1.01 times as long for many; DenseNet121
in float32, a seventh as large, loses a tenth with three and with many.

Compiled networks are kept in the user's cache folder: that took 50 to 120 ms off 215 ms of
compiling MobileNetV3, and holds 17 MB for it; ``$GENRESCOPE_CACHE`` names another folder, or
none where it is empty.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from genrescope.models.engines import Outputs, check_pictures, choose_outputs, join_outputs
from genrescope.models.engines._arithmetic import multiply_adds
from genrescope.models.engines._streams import Streams
from genrescope.models.file import ModelFile, runnable_bytes
from genrescope.models.processors import (
    INT8_FLAGS,
    has_flag,
    multiplies_bfloat16,
    usable_processors,
)
from genrescope.types import EngineError, FloatArray, refuse

NAME = "openvino"
TELEMETRY = "openvino_telemetry"
CACHE_VARIABLE = "GENRESCOPE_CACHE"
MOST_STREAMS = 8
LARGE = 2_000_000_000
"""Multiplications a picture beyond which all processors work on one picture."""
BESIDE_INT8 = "f32"
"""What is computed in where a network in int8 leaves int8. With bfloat16 OpenVINO 2026.4 finds no
implementation for some of its layers on processors with AMX, and compiles nothing."""

_IMPORTING = threading.Lock()


def available() -> tuple[bool, str]:
    """Whether OpenVINO can be imported, and its version or the reason why not."""
    try:
        openvino = import_openvino()
    except (ImportError, OSError) as error:
        return False, str(error)
    return True, str(openvino.__version__).split("-")[0]


@contextmanager
def without_telemetry() -> Iterator[None]:
    """While this lasts, ``openvino_telemetry`` cannot be imported.

    OpenVINO and NNCF bring that package. At import it sends an event to Google Analytics and keeps
    an identity in ``~/intel``, unless the user opted out; where it cannot be imported, they go on
    without. Nothing is changed on disk.
    """
    hidden = {name: sys.modules.pop(name) for name in (TELEMETRY,) if name in sys.modules}
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        sys.modules.update(hidden)


def import_openvino() -> ModuleType:
    """OpenVINO, imported without the report of its use that importing it would send.

    Returns
    -------
    module

    Notes
    -----
    An OpenVINO that was imported before is left as it is.
    """
    with _IMPORTING:
        if "openvino" in sys.modules:
            return import_module("openvino")
        with without_telemetry():
            return import_module("openvino")


def _core() -> Any:
    core, process = _made_core()
    _check_process(process)
    return core


def _check_process(home: int) -> None:
    """Refuse to go on in a process forked from `home`, where OpenVINO's threads stayed behind.

    Without a word, what is asked of them would wait for ever.
    """
    refuse(
        os.getpid() != home,
        "OpenVINO was at work before this process was forked, and does not run in it: start "
        'processes by multiprocessing.get_context("spawn"), and load models in each of them',
        EngineError,
    )


@lru_cache(maxsize=1)
def _made_core() -> tuple[Any, int]:
    return import_openvino().Core(), os.getpid()


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
    bfloat16 pays only where the processor multiplies it faster; see
    `genrescope.models.processors.multiplies_bfloat16`. Others that merely know the format were
    measured slower in it than in float32.
    """
    offered = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    why = multiplies_bfloat16()
    if "BF16" in offered and why:
        return "bf16", why
    if "BF16" in offered:
        return "f32", "the processor knows bfloat16, and nothing shows that it is faster in it"
    return "f32", "the processor has no bfloat16"


@lru_cache(maxsize=1)
def processor_int8() -> tuple[bool, str]:
    """Whether a network that is quantised to int8 is to compute in it here, and why.

    Returns
    -------
    int8 : bool
    reason : str

    Notes
    -----
    Processors with instructions for int8 dot products (VNNI, AMX) were measured three times as
    fast with DenseNet121 as in float32. Older ones add such products up in 16 bits, which may
    overflow, so there, and where there is no telling, the network runs in floating point.
    """
    found = [flag for flag in INT8_FLAGS if has_flag(flag)]
    if found:
        return True, f"the file is quantised, and the processor has {found[0]}"
    return False, "the processor shows no VNNI"


def cache_folder() -> Path | None:
    """Where compiled networks are kept; None where nothing can, or is wanted to, be kept."""
    from platformdirs import user_cache_path

    given = os.environ.get(CACHE_VARIABLE)
    if given == "":
        return None
    folder = Path(given) if given else user_cache_path("genrescope", appauthor=False) / "openvino"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


class OpenVinoEngine:
    """One network compiled by OpenVINO, run a picture a stream.

    Parameters
    ----------
    model : ModelFile
    device : str
    precision : {'f32', 'bf16'}, optional
        What a network that is not in int8 computes in; by default what suits the processor.
    """

    def __init__(self, model: ModelFile, device: str, precision: str | None = None) -> None:
        self.name, self.device, self._model = NAME, device, model
        on_processor = device == "CPU"
        self.precision, self.reason = (
            processor_precision() if on_processor else ("f32", "asked for on every other device")
        )
        if precision is not None:
            self.precision, self.reason = precision, "asked for"
        precision = self.precision
        picture = model.card.picture
        int8, why = processor_int8() if on_processor else (False, "")
        core = _core()
        network = core.read_model(runnable_bytes(model, int8=int8, embedding=True))
        if any(part.get_type_name() == "FakeQuantize" for part in network.get_ops()):
            self.precision, self.reason = "int8", why
            precision = BESIDE_INT8
        there = {name for output in network.outputs for name in output.get_names()}
        self._outputs = choose_outputs(there, model)
        network.reshape({"picture": [1, picture.channels, picture.height, picture.width]})
        threads = min(usable_processors(), MOST_STREAMS) if on_processor else 1
        streams = 1 if multiply_adds(network) > LARGE else threads
        compiled = _compile(network, device, _settings(precision, streams, threads, on_processor))
        self._process = os.getpid()
        self._streams = Streams([compiled.create_infer_request() for _ in range(streams)])

    def run(self, pictures: FloatArray) -> Outputs:
        """See `genrescope.models.engines.Engine`."""
        check_pictures(pictures, self._model)
        _check_process(self._process)
        try:
            given = self._streams.run(pictures, self._outputs)
        except RuntimeError as error:
            name = self._model.path.name
            raise EngineError(f"OpenVINO cannot run {name}: {_why(error)}") from error
        return join_outputs(given, self._model)


def _settings(precision: str, streams: int, threads: int, on_processor: bool) -> dict[str, str]:
    if not on_processor:
        return {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    return {
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": str(threads),
        "INFERENCE_PRECISION_HINT": precision,
    }


def _compile(network: Any, device: str, settings: dict[str, str]) -> Any:
    """Compile with the cache where there is one; a cache that cannot be used is passed over."""
    folder = cache_folder()
    if folder is None:
        return _core().compile_model(network, device, settings)
    try:
        return _core().compile_model(network, device, {**settings, "CACHE_DIR": str(folder)})
    except RuntimeError:
        compiled = _core().compile_model(network, device, settings)  # raises where that is at fault
        logging.getLogger(__name__).warning("the cache in %s cannot be used", folder)
        return compiled


def load(model: ModelFile, device: str | None = None) -> OpenVinoEngine:
    """Compile a model file.

    Raises
    ------
    EngineError
        If OpenVINO does not find the device, or cannot compile the network.
    """
    wanted = device or "CPU"
    try:
        found = devices()
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot start: {_why(error)}") from error
    if wanted not in found and f"{wanted}.0" not in found:
        raise EngineError(f"OpenVINO finds no {wanted} here, only {', '.join(found)}")
    try:
        return OpenVinoEngine(model, wanted)
    except (RuntimeError, UnicodeError) as error:  # names in the file that are no text
        raise EngineError(f"OpenVINO cannot compile it: {_why(error)}") from error


def _why(error: Exception) -> str:
    """The line of OpenVINO's message that people can use: the last one with words in it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
