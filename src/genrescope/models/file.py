"""One model file: reading it with suspicion, writing it whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genrescope.models.card import card_from_json, card_to_json
from genrescope.models.graph import check_graph
from genrescope.types import CardError, DigestError, ModelCard, ModelError, refuse

if TYPE_CHECKING:
    import onnx

CARD_KEY = "genrescope.card"
LABELS_KEY = "genrescope.labels"
LIMIT_BYTES = 2**31 - 1


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
    content = _bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    if expected_digest is not None and digest != expected_digest.lower():
        raise DigestError(
            f"{path} is not the file that its index describes: SHA-256 is {digest}, "
            f"the index says {expected_digest}. Fetch it again"
        )
    model = _parse(path, content)
    try:
        card, cam_shape = check_model(model)
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error
    return ModelFile(path, card, digest, len(content), cam_shape)


def _bytes(path: Path) -> bytes:
    """What is verified and what is parsed are the same bytes: a file is read once."""
    refuse(not path.is_file(), f"{path}: no such model file", ModelError)
    refuse(path.stat().st_size > LIMIT_BYTES, f"{path}: larger than 2 GiB", ModelError)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error


def _parse(path: Path, content: bytes) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # what onnx raises for other bytes

    try:
        model: onnx.ModelProto = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise ModelError(f"{path}: not an ONNX file ({error})") from error
    refuse(not model.graph.node, f"{path}: not an ONNX file that holds a network", ModelError)
    return model


def runnable_bytes(model: ModelFile) -> bytes:
    """The network as engines want it: weights in the precision that they compute in.

    Raises
    ------
    DigestError
        If the file changed since it was verified.
    ModelError
        If the file cannot be read any more.
    """
    from genrescope.models.weights import expand_weights

    content = _bytes(model.path)
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise DigestError(f"{model.path} changed after it was read: find the model again")
    serialised: bytes = expand_weights(_parse(model.path, content)).SerializeToString()
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
    check_graph(model)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    keys = [entry.key for entry in model.metadata_props if entry.key in (CARD_KEY, LABELS_KEY)]
    refuse(len(set(keys)) < len(keys), "the file carries more than one card", CardError)
    if CARD_KEY not in properties:
        raise CardError("the file carries no card: it was not made by `genrescope train`")
    card = card_from_json(properties[CARD_KEY])
    _check_labels(card, properties.get(LABELS_KEY))
    inputs, outputs = _shapes(model.graph.input), _shapes(model.graph.output)
    picture = (card.picture.channels, card.picture.height, card.picture.width)
    if set(inputs) != {"picture"} or inputs["picture"][1:] != picture:
        raise CardError(f"the network takes {inputs}, the card says picture (batch, {picture})")
    fixed = {shape[0] for shape in (*inputs.values(), *outputs.values()) if shape} - {0, 1}
    refuse(bool(fixed), f"the network takes {fixed} pictures at once, not any number", CardError)
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


def _check_labels(card: ModelCard, text: str | None) -> None:
    if text is None:
        raise CardError("the network does not say which labels it was made with")
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError) as error:
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

    Parameters
    ----------
    model : onnx.ModelProto
        Gets the card as its metadata, in place.
    card : ModelCard
    path : Path

    Returns
    -------
    ModelFile

    Raises
    ------
    CardError, ModelError
        If what would be written could not be read again.
    """
    write_card(model, card)
    check_model(model)
    refuse(model.ByteSize() > LIMIT_BYTES, f"{path}: would be larger than 2 GiB", ModelError)
    content = model.SerializeToString(deterministic=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return read_model(path)
