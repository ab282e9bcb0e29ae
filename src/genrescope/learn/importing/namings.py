"""The names that others give to the same weights, translated into torchvision's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

PREFIXES = ("module.", "model.", "net.", "network.", "backbone.", "_orig_mod.", "_forward_module.")
"""What wrappers put before every name: DataParallel, Lightning, torch.compile and the like."""

MOST = 0.9
TIMM_BATCH_NORM_EPS = 1e-5

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True, eq=False)
class Renamed:
    """A file's tensors under torchvision's names.

    Attributes
    ----------
    tensors : dict of str to torch.Tensor
    sources : dict of str to str
        The name in the file, of every one.
    plain : dict of str to str
        The name in the file without the wrappers' prefixes.
    prefix : str
        What was taken off.
    naming : str
        ``torchvision``, ``timm``, or an older naming of torchvision's.
    batch_norm_eps : float, or None
        Where the naming's networks have another than torchvision's.
    """

    tensors: dict[str, torch.Tensor]
    sources: dict[str, str]
    plain: dict[str, str]
    prefix: str
    naming: str
    batch_norm_eps: float | None


def rename(tensors: dict[str, torch.Tensor]) -> Renamed:
    """Take wrappers' prefixes off, recognise the naming, and translate it.

    Parameters
    ----------
    tensors : dict of str to torch.Tensor
    """
    prefix, plain = _strip(tensors)
    naming, translate, eps = _recognise(plain)
    renamed, sources, bare = {}, {}, {}
    for name, source in plain.items():
        new, tensor = translate(name), tensors[source]
        if naming == "timm" and new.startswith("classifier.") and tensor.ndim == 4:
            tensor = tensor.flatten(1)  # a convolution over the whole map is a linear layer
        renamed[new], sources[new], bare[new] = tensor, source, name
    return Renamed(renamed, sources, bare, prefix, naming, eps)


def _strip(tensors: dict[str, torch.Tensor]) -> tuple[str, dict[str, str]]:
    """The prefix that nearly all weights share, and name without it to name in the file."""
    plain = {name: name for name in tensors}
    taken = ""
    while True:
        total = sum(tensors[source].numel() for source in plain.values())
        for prefix in PREFIXES:
            under = [name for name in plain if name.startswith(prefix)]
            if sum(tensors[plain[name]].numel() for name in under) > MOST * total:
                break
        else:
            return taken, plain
        taken += prefix
        plain = {name.removeprefix(prefix): source for name, source in plain.items()}


def _recognise(names: dict[str, str]) -> tuple[str, Translate, float | None]:
    if "conv_stem.weight" in names and "conv_head.weight" in names:
        return "timm", _mobile(names), TIMM_BATCH_NORM_EPS
    if "patch_embed.proj.weight" in names:
        return "timm", _table(_TIMM_VIT), None
    if "pre_logits.fc1.weight" in names:
        return "timm", _table(_TIMM_VGG), None
    if any(re.search(r"denselayer\d+\.(norm|conv)\.[12]\.", name) for name in names):
        return "torchvision before 0.3", _table(_OLD_DENSENET), None
    if any(".mlp.linear_1." in name for name in names):
        return "torchvision before 0.13", _table(_OLD_VIT), None
    return "torchvision", str, None


def _table(rules: tuple[tuple[str, str], ...]) -> Translate:
    def translate(name: str) -> str:
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        return name

    return translate


_TIMM_VIT = (
    (r"^cls_token$", "class_token"),
    (r"^pos_embed$", "encoder.pos_embedding"),
    (r"^patch_embed\.proj\.", "conv_proj."),
    (r"^norm\.", "encoder.ln."),
    (r"^head\.", "heads.head."),
    (r"^blocks\.(\d+)\.", r"encoder.layers.encoder_layer_\1."),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"\.attn\.qkv\.(weight|bias)$", r".self_attention.in_proj_\1"),
    (r"\.attn\.proj\.", ".self_attention.out_proj."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.3."),
)
_TIMM_VGG = (
    (r"^pre_logits\.fc1\.", "classifier.0."),
    (r"^pre_logits\.fc2\.", "classifier.3."),
    (r"^head\.fc\.", "classifier.6."),
)
_OLD_DENSENET = ((r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2"),)
_OLD_VIT = ((r"\.mlp\.linear_1\.", ".mlp.0."), (r"\.mlp\.linear_2\.", ".mlp.3."))


def _mobile(names: dict[str, str]) -> Translate:
    """EfficientNet and MobileNetV3: timm counts stages and blocks, torchvision layers.

    torchvision's EfficientNet counts blocks within a stage as timm does; its MobileNetV3 counts
    all blocks in a row, has no norm after its last convolution, which is a linear layer.
    """
    stages = sorted({tuple(map(int, name.split(".")[1:3])) for name in names if _in_block(name)})
    flat = "bn2.weight" not in names

    def block(stage: int, number: int) -> str:
        if flat:
            return f"features.{stages.index((stage, number)) + 1}"
        return f"features.{stage + 1}.{number}"

    last = f"features.{len(stages) if flat else stages[-1][0] + 2}"

    ends = {
        "conv_stem": "features.0.0",
        "bn1": "features.0.1",
        "conv_head": "classifier.0" if flat else f"{last}.0",
        "bn2": f"{last}.1",
        "classifier": "classifier.3" if flat else "classifier.1",
    }

    def translate(name: str) -> str:
        if _in_block(name):
            stage, number = (int(part) for part in name.split(".")[1:3])
            inside = name.split(".", 3)[3]
            parts = {
                key.split(".", 3)[3] for key in names if key.startswith(f"blocks.{stage}.{number}.")
            }
            return f"{block(stage, number)}.{_inside_block(inside, parts)}"
        head, _, tail = name.partition(".")
        return f"{ends[head]}.{tail}" if head in ends else name

    return translate


def _in_block(name: str) -> bool:
    return re.match(r"blocks\.\d+\.\d+\.", name) is not None


def _inside_block(name: str, parts: set[str]) -> str:
    """One name inside a block: which of torchvision's layers in a row it belongs to."""
    head, _, tail = name.partition(".")
    if "conv.weight" in parts:  # MobileNetV3's last convolution is no block in torchvision
        return f"{'0' if head == 'conv' else '1'}.{tail}"
    expands = "conv_pwl.weight" in parts
    squeezes = "se.conv_reduce.weight" in parts
    deep = int(expands)
    rows = {
        "conv_pw": "0.0" if expands else f"{deep + 1 + squeezes}.0",
        "bn1": "0.1",
        "conv_dw": f"{deep}.0",
        "bn2": f"{deep}.1" if expands else f"{deep + 1 + squeezes}.1",
        "conv_pwl": f"{deep + 1 + squeezes}.0",
        "bn3": f"{deep + 1 + squeezes}.1",
    }
    if head == "se":
        inner = tail.replace("conv_reduce", "fc1").replace("conv_expand", "fc2")
        return f"block.{deep + 1}.{inner}"
    return f"block.{rows[head]}.{tail}" if head in rows else name
