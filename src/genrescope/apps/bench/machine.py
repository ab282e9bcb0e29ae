"""The machine that was measured on, in words."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from genrescope import __version__

PACKAGES = (
    *("numpy", "scipy", "soundfile", "soxr", "av", "openvino", "onnxruntime"),
    *("librosa", "torch", "torchvision", "torchaudio", "nnAudio"),
)
FLAGS = (
    *("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8"),
    *("asimd", "sve", "bf16", "i8mm"),
)
"""What decides how networks compute, of x86-64 and of ARM."""


def describe() -> dict[str, str]:
    """Processor, its flags that matter, cores, memory, system, versions; "–" for what is absent.

    Returns
    -------
    dict of str to str
    """
    model, flags = _processor()
    known = [flag for flag in FLAGS if flag in flags]
    return {
        "processor": model or platform.processor() or platform.machine(),
        "its flags": " ".join(known) or "unknown",
        "processors": f"{_usable()} usable of {os.cpu_count()}",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "Genrescope": __version__,
        **{name: _version(name) for name in PACKAGES},
    }


def load() -> float | None:
    """Programs that wanted a processor, on the average of the last minute; None where unknown."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _usable() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> tuple[str, set[str]]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return "", set()
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = facts.get("flags", facts.get("Features", ""))
    return facts.get("model name", ""), set(flags.split())


def _memory() -> str:
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{total / 2**30:.0f} GiB"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"
