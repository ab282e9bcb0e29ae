"""What a pickle would call, read from its bytes without running it."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

HARMLESS = frozenset(
    {
        "collections.OrderedDict",
        "torch.Size",
        "torch._tensor._rebuild_from_type_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch.serialization._get_layout",
        "torch.storage._load_from_bytes",
    }
)
"""What a file of nothing but tensors asks for; PyTorch's loader decides, this only words it."""

_UNREADABLE = (OSError, ValueError, LookupError, EOFError, MemoryError, OverflowError)
"""What a pickle's bytes may end in: one may state that a string of 4 EiB follows."""


def wanted_globals(path: Path) -> tuple[str, ...]:
    """Names of the functions and classes that a checkpoint's pickle asks for, but for tensors'.

    Parameters
    ----------
    path : Path
        A file of `torch.save`, in either of its forms.

    Returns
    -------
    tuple of str
        Sorted; as many as were seen where the pickle cannot be followed to its end.

    Notes
    -----
    Names that a pickle puts together while it runs are not seen. So this is no protection: it is
    what a person is told about a file that was refused.
    """
    found: set[str] = set()
    try:
        for name in _globals(path):
            found.add(name)
    except (*_UNREADABLE, zipfile.BadZipFile, pickle.PickleError):
        pass  # what was seen until then is worth saying
    return tuple(sorted(name for name in found if not _is_tensor_part(name)))


def _is_tensor_part(name: str) -> bool:
    return name in HARMLESS or (name.startswith("torch.") and name.endswith("Storage"))


def _globals(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    if name.endswith("data.pkl"):
                        yield from _one_pickle(io.BytesIO(archive.read(name)))
            return
        file.seek(0)
        while file.peek(1):  # the older form: several pickles in a row, then raw numbers
            yield from _one_pickle(file)


def _one_pickle(file: IO[bytes]) -> Iterator[str]:
    """Every GLOBAL and STACK_GLOBAL of the next pickle; strings are followed through the memo."""
    texts: list[str] = []
    memo: dict[int, str] = {}
    for code, argument, _ in pickletools.genops(file):
        if code.name in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".", 1)
        elif code.name == "STACK_GLOBAL" and len(texts) >= 2:
            yield f"{texts[-2]}.{texts[-1]}"
        elif isinstance(argument, str):
            texts.append(argument)
        elif code.name == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else ""
        elif code.name in ("BINPUT", "LONG_BINPUT", "PUT") and isinstance(argument, int):
            memo[argument] = texts[-1] if texts else ""
        elif code.name in ("BINGET", "LONG_BINGET", "GET") and memo.get(argument or 0):
            texts.append(memo[argument or 0])
