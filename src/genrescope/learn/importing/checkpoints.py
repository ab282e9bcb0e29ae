"""Opening other people's weight files: state dicts, whole modules, safetensors."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from genrescope.learn.importing.labels import find_labels
from genrescope.learn.importing.pickles import wanted_globals
from genrescope.models.file import digest_file
from genrescope.types import MissingExtraError, ModelError, refuse

PARTS = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "module",
    "model_ema",
    "state_dict_ema",
    "ema",
)
"""Where training programs keep the weights, the likeliest first."""

NAMED = 12


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The weights of a file, as they are named there.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the whole file.
    kind : str
        What the file is, for people.
    part : str
        Under which key the weights lay, or "".
    others : tuple of str
        Further keys that hold weights, and were not taken.
    tensors : dict of str to torch.Tensor
        In float32 where they are real numbers.
    labels : tuple of str
        Found in the file, in the order of the outputs; empty where it states none.
    module : torch.nn.Module, or None
        The whole network, where the file holds one and the person trusts it.
    """

    path: Path
    sha256: str
    kind: str
    part: str
    others: tuple[str, ...]
    tensors: dict[str, torch.Tensor]
    labels: tuple[str, ...] = ()
    module: nn.Module | None = field(default=None, repr=False)


def read_checkpoint(path: Path, *, trust: bool = False, part: str = "") -> Checkpoint:
    """Open a file of weights.

    Parameters
    ----------
    path : Path
    trust : bool
        Whether a pickle may run what it asks to run. Nothing but the person's word is good enough.
    part : str
        Which of several sets of weights to take; "" for the likeliest.

    Raises
    ------
    ModelError
        If the file is none, is cut off, asks for more than tensors without being trusted, or
        holds no weights.
    MissingExtraError
        For safetensors without that package.
    """
    kind = _sniff(path)
    sha256 = digest_file(path)
    if kind == "safetensors":
        tensors, metadata = _read_safetensors(path)
        return Checkpoint(path, sha256, kind, "", (), _settled(tensors), find_labels(metadata))
    content = _read_pickle(path, trust)
    if isinstance(content, nn.Module):
        return _of_module(content, path, sha256, "")
    refuse(
        not isinstance(content, Mapping),
        f"{path}: holds a {type(content).__name__}, not weights by name",
        ModelError,
    )
    return _of_mapping(content, path, sha256, part)


def _sniff(path: Path) -> str:
    """What a file is by its first bytes; refuses what is surely no weights."""
    try:
        refuse(not path.is_file(), f"{path}: no such file", ModelError)
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    start = head.lstrip()[:200].lower()
    refuse(not head, f"{path}: an empty file", ModelError)
    refuse(
        start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")),
        f"{path}: a web page, not weights; fetch the file itself, not the page that shows it",
        ModelError,
    )
    refuse(
        start.startswith(b"version https://git-lfs"),
        f"{path}: a Git LFS pointer that stands for the file; fetch the file itself (git lfs pull)",
        ModelError,
    )
    if path.suffix == ".safetensors" or (len(head) > 8 and head[8:9] == b"{" and head[7] == 0):
        return "safetensors"
    known = head.startswith((b"PK\x03\x04", b"\x80"))
    refuse(not known, f"{path}: neither a PyTorch nor a safetensors file", ModelError)
    return "pickle"


def _read_safetensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError("reading a .safetensors file", "train") from error
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path}: not a whole safetensors file ({error})") from error


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _read_pickle(path: Path, trust: bool) -> Any:
    refuse(
        _is_torchscript(path),
        f"{path}: a TorchScript archive; where it was made, save its state_dict() instead",
        ModelError,
    )
    try:
        return torch.load(path, map_location="cpu", weights_only=not trust)
    except pickle.UnpicklingError as error:
        wanted = wanted_globals(path)
        if trust or not wanted:
            raise ModelError(f"{path}: not a PyTorch file that can be read ({error})") from error
        raise ModelError(_untrusted(path, wanted)) from error
    except (AttributeError, ImportError) as error:
        raise ModelError(
            f"{path}: a whole module whose code is not here ({error}); where it was made, save "
            "its state_dict() instead"
        ) from error
    except Exception as error:
        raise ModelError(f"{path}: cut off or spoilt ({_first_line(error)})") from error


def _untrusted(path: Path, wanted: tuple[str, ...]) -> str:
    named = ", ".join(wanted[:NAMED])
    more = f" and {len(wanted) - NAMED} more" if len(wanted) > NAMED else ""
    return (
        f"{path}: more than tensors: its pickle would call {named}{more}. A pickle can run "
        "anything; if you know who made the file and trust them, say --trust, or have its "
        "state_dict() saved instead"
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _of_module(module: nn.Module, path: Path, sha256: str, part: str) -> Checkpoint:
    kind = f"whole module {type(module).__module__}.{type(module).__qualname__}"
    tensors = _settled(dict(module.state_dict()))
    return Checkpoint(path, sha256, kind, part, (), tensors, module=module.eval())


def _of_mapping(content: Mapping[Any, Any], path: Path, sha256: str, part: str) -> Checkpoint:
    labels = find_labels(content)
    if not part and _is_weights(content):
        return Checkpoint(path, sha256, "state dict", "", (), _settled(content), labels)
    held = {str(key): content[key] for key in content if _is_weights(content[key])}
    ranked = sorted(held, key=lambda key: PARTS.index(key) if key in PARTS else 99)
    there = ", ".join(ranked) or "none"
    refuse(bool(part) and part not in ranked, f"{path}: no weights {part!r}; {there}", ModelError)
    refuse(
        not ranked,
        f"{path}: no weights among its keys ({', '.join(map(str, list(content)[:NAMED]))})",
        ModelError,
    )
    taken = part or ranked[0]
    others = tuple(key for key in ranked if key != taken)
    inside = held[taken]
    if isinstance(inside, nn.Module):
        of = _of_module(inside, path, sha256, taken)
        return Checkpoint(path, sha256, of.kind, taken, others, of.tensors, labels, of.module)
    return Checkpoint(path, sha256, "state dict", taken, others, _settled(inside), labels)


def _is_weights(value: Any) -> bool:
    """A module, or a table of which most are tensors with names."""
    if isinstance(value, nn.Module):
        return True
    if not isinstance(value, Mapping) or not value:
        return False
    named = sum(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in value.items())
    return 2 * named > len(value)


def _settled(tensors: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Dense tensors on the processor, real numbers as float32, all finite."""
    settled = {}
    for name, value in tensors.items():
        if not isinstance(value, torch.Tensor) or not isinstance(name, str):
            continue
        refuse(value.is_meta, f"tensor {name!r} has no values, only a shape", ModelError)
        dense = value.layout == torch.strided and not value.is_quantized and not value.is_complex()
        refuse(not dense, f"tensor {name!r} is sparse, quantised or complex", ModelError)
        plain = value.detach().to("cpu")
        plain = plain.float() if plain.is_floating_point() else plain
        finite = not plain.is_floating_point() or bool(torch.isfinite(plain).all())
        refuse(not finite, f"tensor {name!r} holds what is no number", ModelError)
        settled[name] = plain
    return settled
