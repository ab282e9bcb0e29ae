"""What this machine has to compute with."""

from __future__ import annotations

import os
from pathlib import Path

INT8_FLAGS = ("amx_int8", "avx512_vnni", "avx_vnni")
"""Any of them: dot products of int8 at the speed they are meant for."""


AMD = "AuthenticAMD"


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def multiplies_bfloat16() -> str:
    """What makes bfloat16 faster than float32 here, in words, or "" where nothing is known to.

    Returns
    -------
    str

    Notes
    -----
    Tiles (AMX) do on every processor that has them. AVX-512's dot products (``avx512_bf16``) do
    on AMD's, where a network took 0.51 (VGG19-BN) to 0.68 (EfficientNet-B0) of float32's time for
    24 windows; on a processor without AMX that was measured before, 1.6 times of it.
    """
    if has_flag("amx_bf16"):
        return "the processor has AMX"
    if has_flag("avx512_bf16") and has_flag(AMD):
        return "the processor is AMD's and has AVX-512 BF16"
    return ""


def has_flag(name: str) -> bool:
    """Whether Linux names that feature of the processor; elsewhere there is no telling."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and name in info.read_text(encoding="ascii", errors="replace").split()
