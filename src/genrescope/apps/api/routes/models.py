"""``GET /models``, ``/models/{name}`` and ``/genres``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from genrescope.apps.api.context import Here
from genrescope.apps.api.routes._asking import problems
from genrescope.apps.api.schemas import CardShape, ModelShape
from genrescope.apps.serving.shelf import ShelfModel
from genrescope.classification import taxonomies
from genrescope.models import card_to_json

router = APIRouter(tags=["models"])


@router.get(
    "/models",
    response_model=list[ModelShape],
    responses=problems(),
    summary="What models there are",
)
def list_models(here: Here) -> JSONResponse:
    """Every model file that was found, usable or not, in order of name."""
    return JSONResponse([_plain(one) for one in here.studio.models()])


def _plain(one: ShelfModel) -> dict[str, Any]:
    card = one.card
    return {
        "name": one.name,
        "place": one.place,
        "kind": card.spectrogram.kind if card else None,
        "labels": list(card.labels) if card else None,
        "description": card.description if card else None,
        "loaded": one.loaded,
        "default": one.default,
        "problem": one.problem or None,
    }


@router.get(
    "/models/{name}",
    response_model=CardShape,
    responses=problems(404),
    summary="What a model says of itself",
)
def show_model(here: Here, name: str) -> JSONResponse:
    """Its card: recipe, training data, measured scores with intervals, what not to believe."""
    card = here.studio.card(name)
    loaded = name in here.studio.shelf.loaded
    engine = here.studio.load(name).engine if loaded else None
    plain = {
        "name": name,
        "loaded": loaded,
        "engine": engine
        and {"name": engine.name, "device": engine.device, "precision": engine.precision},
        "card": json.loads(card_to_json(card)),
    }
    return JSONResponse(plain)


@router.get("/genres", responses=problems(404), summary="What genres there are")
def list_genres(taxonomy: str = "genres16") -> dict[str, Any]:
    """The labels of a taxonomy, each with its Chinese name and its family's colour."""
    return asdict(taxonomies.load(taxonomy))
