"""One model file: reading it with suspicion, writing it whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genrescope.models.metadata import check_model, write_card
from genrescope.models.whole import write_whole
from genrescope.types import DigestError, ModelCard, ModelError, refuse

if TYPE_CHECKING:
    import onnx

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
    try:
        refuse(not path.is_file(), f"{path}: no such model file", ModelError)
        refuse(path.stat().st_size > LIMIT_BYTES, f"{path}: larger than 2 GiB", ModelError)
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


def _verified(model: ModelFile) -> bytes:
    content = _bytes(model.path)
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise DigestError(f"{model.path} changed after it was read: find the model again")
    return content


def runnable_bytes(model: ModelFile, *, int8: bool = True, embedding: bool = False) -> bytes:
    """The network as engines want it: weights in the precision that they compute in.

    Parameters
    ----------
    model : ModelFile
    int8 : bool
        Whether a network whose activations are quantised stays as it is; in floating point
        otherwise, unless its form of quantisation is not known here.
    embedding : bool
        Whether it is to give what its last layer is given, where that can be told.

    Returns
    -------
    bytes
        ONNX.

    Raises
    ------
    DigestError
        If the file changed since it was verified.
    ModelError
        If the file cannot be read any more, or its weights cannot.
    """
    from genrescope.models.embedding import add_embedding
    from genrescope.models.weights import expand_weights

    network = _parse(model.path, _verified(model))
    try:
        expand_weights(network)
        network = network if int8 else _without_int8(network)
    except ModelError as error:
        raise ModelError(f"{model.path}: {error}") from error
    if embedding:
        add_embedding(network)
    refuse(network.ByteSize() > LIMIT_BYTES, f"{model.path}: above 2 GiB in float32", ModelError)
    serialised: bytes = network.SerializeToString()
    return serialised


def _without_int8(network: onnx.ModelProto) -> onnx.ModelProto:
    """The same in floating point, or as it is where that cannot be made."""
    import onnx

    from genrescope.models.graph import computes_in_int8
    from genrescope.models.plain import drop_quantisation

    if not computes_in_int8(network.graph):
        return network
    plain = onnx.ModelProto()
    plain.CopyFrom(network)
    try:
        return drop_quantisation(plain)
    except ModelError:
        return network


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
        If what would be written could not be read again, or cannot be written.
    """
    write_card(model, card)
    check_model(model)
    refuse(model.ByteSize() > LIMIT_BYTES, f"{path}: would be larger than 2 GiB", ModelError)
    content = model.SerializeToString(deterministic=True)
    write_whole(path, content)
    return read_model(path)


def rewrite_card(model: ModelFile, card: ModelCard, path: Path) -> ModelFile:
    """Write the network of a model file with another card.

    Parameters
    ----------
    model : ModelFile
        That was read and has not changed since.
    card : ModelCard
    path : Path
        May be the file's own.

    Returns
    -------
    ModelFile

    Raises
    ------
    CardError, ModelError
        If the network contradicts the card, or the file changed or cannot be written.
    """
    content = _verified(model)
    return save_model(_parse(model.path, content), card, path)
