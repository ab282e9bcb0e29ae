"""The card as JSON, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.models import card_from_json, card_to_json
from genrescope.types import CardError, Score, TrainingSource
from tests.onnx_models import card

words = st.text(min_size=1, max_size=20)
shares = st.floats(0, 1)


@given(
    labels=st.lists(words, min_size=2, max_size=30, unique=True),
    temperature=st.floats(0.01, 100),
    name=words,
    value=shares,
)
def test_round_trip(labels: list[str], temperature: float, name: str, value: float) -> None:
    whole = card(
        name,
        labels=tuple(labels),
        temperature=temperature,
        training=(TrainingSource(name, "none stated", "train", 3),),
        scores=(Score("set", "test", "top1", value, 0.0, 1.0, 9),),
        warnings=("beware",),
    )
    assert card_from_json(card_to_json(whole)) == whole


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(card_to_json(card())), **changes})


def without(key: str) -> str:
    table = json.loads(card_to_json(card()))
    del table[key]
    return json.dumps(table)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "no JSON"),
        ("[]", "no JSON object"),
        ('{"temperature": NaN}', "NaN"),
        (changed(format_version=2, mood="new"), "card format 2 is unknown"),
        (changed(mood="blue"), "unknown 'mood'"),
        (without("labels"), "missing 'labels'"),
        (changed(temperature="hot"), r"card\.temperature: expected float, found str"),
        (changed(temperature=True), "found bool"),
        (changed(temperature=0), "temperature must be positive"),
        (changed(labels="Jazz"), r"card\.labels: expected a list"),
        (changed(labels=["Jazz", 3]), r"labels\[1\]: expected str"),
        (changed(labels=["Jazz", "Jazz"]), "stands twice"),
        (changed(picture=None), r"card\.picture: expected an object"),
        ("[" * 100_000, "no JSON"),
        (" " * 2_000_000, "longer than"),
    ],
)
def test_refusals(text: str, says: str) -> None:
    with pytest.raises(CardError, match=says):
        card_from_json(text)


def test_an_impossible_recipe_is_refused() -> None:
    table = json.loads(card_to_json(card()))
    table["spectrogram"]["high_hz"] = 20000.0
    with pytest.raises(CardError, match="lies above half"):
        card_from_json(json.dumps(table))
    table["spectrogram"]["kind"] = "wavelet"
    with pytest.raises(CardError, match="none of"):
        card_from_json(json.dumps(table))
