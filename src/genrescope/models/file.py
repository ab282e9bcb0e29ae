"""One model file: reading it with suspicion, writing it whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genrescope.models.card import card_from_json, card_to_json
from genrescope.types import CardError, DigestError, ModelCard, ModelError, refuse

if TYPE_CHECKING:
    import onnx

CARD_KEY = "genrescope.card"
LABELS_KEY = "genrescope.labels"
LIMIT_BYTES = 2**31 - 1
STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
LEAST_OPSET, MOST_OPSET = 13, 24


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that was read and found in order.

    Attributes
    ----------
    path : Path
    card : ModelCard
    sha256 : str
    size_bytes : int
    cam_shape : tuple of int, or None
        Height and width of the class activation map, where the file gives one.
    """

    path: Path
    card: ModelCard
    sha256: str
    size_bytes: int
    cam_shape: tuple[int, int] | None


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_model(path: Path, *, expected_digest: str | None = None) -> ModelFile:
    """Read and verify a model file.

    Parameters
    ----------
    path : Path
    expected_digest : str, optional
        SHA-256 that the file must have.

    Returns
    -------
    ModelFile

    Raises
    ------
    DigestError
        If the file has another digest.
    CardError
        If the card is missing, cannot be read, or contradicts the network.
    ModelError
        If the file is no ONNX file that may be run here.
    """
    refuse(not path.is_file(), f"{path}: no such model file", ModelError)
    size = path.stat().st_size
    refuse(size > LIMIT_BYTES, f"{path}: larger than 2 GiB", ModelError)
    digest = digest_file(path)
    if expected_digest is not None and digest != expected_digest:
        raise DigestError(
            f"{path} is not the file that its index describes: SHA-256 is {digest}, "
            f"the index says {expected_digest}. Fetch it again"
        )
    model = _load(path)
    try:
        card, cam_shape = check_model(model)
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error
    return ModelFile(path, card, digest, size, cam_shape)


def _load(path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # what onnx.load raises for other bytes

    try:
        model: onnx.ModelProto = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise ModelError(f"{path}: not an ONNX file ({error})") from error
    refuse(not model.graph.node, f"{path}: not an ONNX file that holds a network", ModelError)
    return model


def runnable_bytes(path: Path) -> bytes:
    """The network as engines want it: weights in the precision that they compute in.

    Raises
    ------
    ModelError
        If the file is no ONNX file.
    """
    from genrescope.models.weights import expand_weights

    serialised: bytes = expand_weights(_load(path)).SerializeToString()
    return serialised


def check_model(model: onnx.ModelProto) -> tuple[ModelCard, tuple[int, int] | None]:
    """Hold a network against its card.

    Returns
    -------
    card : ModelCard
    cam_shape : tuple of int, or None

    Raises
    ------
    CardError, ModelError
    """
    _check_graph(model)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    if CARD_KEY not in properties:
        raise CardError("the file carries no card: it was not made by `genrescope train`")
    card = card_from_json(properties[CARD_KEY])
    _check_labels(card, properties.get(LABELS_KEY))
    inputs, outputs = _shapes(model.graph.input), _shapes(model.graph.output)
    picture = (card.picture.channels, card.picture.height, card.picture.width)
    if set(inputs) != {"picture"} or inputs["picture"][1:] != picture:
        raise CardError(f"the network takes {inputs}, the card says picture (batch, {picture})")
    wanted = ("logits" in outputs) and len(outputs["logits"]) == 2
    refuse(not wanted, "the network gives no logits (batch, genres)", CardError)
    width = outputs["logits"][1]
    if width != len(card.labels):
        raise CardError(f"the network gives {width} logits, the card names {len(card.labels)}")
    cam = outputs.get("cam")
    if cam is None:
        return card, None
    good = len(cam) == 4 and cam[1] == width and min(cam[2:]) > 0
    refuse(not good, f"the class activation map is {cam}, not (batch, {width}, h, w)", CardError)
    return card, (cam[2], cam[3])


def _check_graph(model: onnx.ModelProto) -> None:
    import onnx

    for entry in model.opset_import:
        if entry.domain not in STANDARD_DOMAINS:
            raise ModelError(f"operators of domain {entry.domain!r} are not run here")
        inside = entry.domain != "" or LEAST_OPSET <= entry.version <= MOST_OPSET
        refuse(not inside, f"ONNX operator set {entry.version} is not known here", ModelError)
    for node in _nodes(model.graph):
        if node.domain not in STANDARD_DOMAINS:
            raise ModelError(f"operator {node.domain}.{node.op_type} is not run here")
    refuse(bool(model.functions), "a file that brings functions of its own is not run", ModelError)
    for tensor in model.graph.initializer:
        outside = tensor.data_location == onnx.TensorProto.EXTERNAL
        refuse(outside, f"weights of {tensor.name!r} lie outside the file", ModelError)


def _nodes(graph: onnx.GraphProto) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)
            for inner in attribute.graphs:
                yield from _nodes(inner)


def _check_labels(card: ModelCard, text: str | None) -> None:
    try:
        stated = json.loads(text) if text is not None else None
    except ValueError as error:
        raise CardError(f"the list of labels beside the network is no JSON: {error}") from error
    if stated != list(card.labels):
        raise CardError(
            "the card's labels are not those that the network was made with, or in another "
            f"order: {list(card.labels)} against {stated}"
        )


def _shapes(values: Any) -> dict[str, tuple[int, ...]]:
    """Name to shape; a free dimension is 0. Refuses what is not float32."""
    shapes = {}
    for value in values:
        kind = value.type.tensor_type
        refuse(kind.elem_type != 1, f"{value.name} is not float32", CardError)
        shapes[value.name] = tuple(int(d.dim_value) for d in kind.shape.dim)
    return shapes


def write_card(model: onnx.ModelProto, card: ModelCard) -> None:
    """Put a card into a network's metadata, in place of the one there."""
    kept = [e for e in model.metadata_props if e.key not in (CARD_KEY, LABELS_KEY)]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for key, text in ((CARD_KEY, card_to_json(card)), (LABELS_KEY, json.dumps(card.labels))):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, text


def save_model(model: onnx.ModelProto, card: ModelCard, path: Path) -> ModelFile:
    """Write a network with its card, checked first, whole or not at all.

    Raises
    ------
    CardError, ModelError
        If what would be written could not be read again.
    """
    write_card(model, card)
    check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return read_model(path)
