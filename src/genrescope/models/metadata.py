"""The card inside a network: putting it there, and holding the network against it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from genrescope.models.bounds import check_bounds
from genrescope.models.card import card_from_json, card_to_json
from genrescope.models.graph import check_graph
from genrescope.types import CardError, ModelCard, refuse

if TYPE_CHECKING:
    import onnx

CARD_KEY = "genrescope.card"
LABELS_KEY = "genrescope.labels"


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
    properties = _properties(model)
    if CARD_KEY not in properties:
        raise CardError(
            "the file carries no card: it was made by neither `genrescope train` nor `import`"
        )
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
    if cam is not None:
        good = len(cam) == 4 and cam[1] == width and min(cam[2:]) > 0
        words = f"the class activation map is {cam}, not (batch, {width}, h, w)"
        refuse(not good, words, CardError)
    check_bounds(model)
    return card, None if cam is None else (cam[2], cam[3])


def _properties(model: onnx.ModelProto) -> dict[str, str]:
    """The metadata; protobuf hands over as bytes what is no text."""
    entries = [(entry.key, entry.value) for entry in model.metadata_props]
    own = [(key, value) for key, value in entries if key in (CARD_KEY, LABELS_KEY)]
    refuse(len(dict(own)) < len(own), "the file carries more than one card", CardError)
    texts = all(isinstance(value, str) for _, value in own)
    refuse(not texts, "the card inside the file is not text in UTF-8", CardError)
    return dict(own)


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
