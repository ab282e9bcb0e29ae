"""What this machine has to compute with."""

from __future__ import annotations

import os
from pathlib import Path

INT8_FLAGS = ("amx_int8", "avx512_vnni", "avx_vnni")
"""Any of them: dot products of int8 at the speed they are meant for."""


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_flag(name: str) -> bool:
    """Whether Linux names that feature of the processor; elsewhere there is no telling."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and name in info.read_text(encoding="ascii", errors="replace").split()
