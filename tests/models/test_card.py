"""The card as JSON, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genrescope.models import card_from_json, card_to_json, find
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    CardError,
    ModelCard,
    MusicGauge,
    PictureSpec,
    Score,
    TrainingSource,
)
from tests.onnx_models import card

letters = st.characters(exclude_categories=("Cc", "Cf", "Cs"))
words = st.text(letters, max_size=20)
names = st.text(letters, min_size=1, max_size=20)
figures = st.floats(-1e6, 1e6)
sources = st.builds(TrainingSource, words, words, words, st.integers())
scores = st.builds(
    lambda name, three, n: Score(name, name, name, three[1], three[0], three[2], n, name),
    words,
    st.lists(figures, min_size=3, max_size=3).map(sorted),
    st.integers(),
)
pictures = st.sampled_from((1, 3)).flatmap(
    lambda channels: st.builds(
        PictureSpec,
        st.integers(1, 4096),
        st.integers(1, 4096),
        st.just(channels),
        st.tuples(*[figures] * channels),
        st.tuples(*[st.floats(1e-6, 1e6)] * channels),
    )
)
specs = st.sampled_from((GENRESCOPE_MEL, GENRESCOPE_CQT))
gauges = st.builds(
    MusicGauge,
    st.sampled_from(("energy", "largest", "logits", "texture")),
    st.lists(figures, min_size=1, max_size=4).map(tuple),
    figures,
    st.floats(0.01, 0.99),
    words,
)
cards = st.builds(
    ModelCard,
    name=names,
    network=names,
    spectrogram=st.builds(replace, specs, window_seconds=st.floats(1, 100)),
    picture=pictures,
    labels=st.lists(words, min_size=2, max_size=30, unique=True).map(tuple),
    taxonomy=words,
    temperature=st.floats(1e-3, 1e3),
    training=st.lists(sources, max_size=3).map(tuple),
    scores=st.lists(scores, max_size=3).map(tuple),
    description=words,
    warnings=st.lists(words, max_size=3).map(tuple),
    music=st.none() | gauges,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(whole=cards)
def test_round_trip(whole: ModelCard) -> None:
    assert card_from_json(card_to_json(whole)) == whole


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"scores": (Score("real", "test", "nll", 1.0, 0.0, float("inf"), 9),)},
            "cannot be written as JSON",
        ),
        ({"temperature": float("inf")}, "must lie in 0.001 to 1000"),
        ({"labels": ("Jazz", 3)}, r"labels\[1\]: expected str, found int"),
        ({"description": "\ud800"}, r"card\.description: not a text"),
        ({"description": "\x1b[31mred"}, r"card\.description: not a text: it holds control"),
        ({"labels": ("Jazz", "zzaJ\u202e")}, r"labels\[1\]: not a text: it holds control"),
        ({"description": "long" * 2**18}, "longer than"),
        ({"paper": None}, r"card\.paper: expected str, found NoneType"),
    ],
)
def test_what_could_not_be_read_is_not_written(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(CardError, match=says):
        card_to_json(card(**fields))


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
        (without("format_version"), "missing 'format_version'"),
        (changed(format_version=1.0), "expected int, found float"),
        (changed(format_version=True), "expected int, found bool"),
        (changed()[:-1] + ', "temperature": 3.0}', "'temperature' stands there twice"),
        (changed(temperature=10**400), r"card\.temperature: expected a finite number"),
        (changed().replace('"temperature": 1.5', '"temperature": 1e999'), "finite number"),
        (changed(mood="blue"), "unknown 'mood'"),
        (without("labels"), "missing 'labels'"),
        (changed(temperature="hot"), r"card\.temperature: expected float, found str"),
        (changed(temperature=True), "found bool"),
        (changed(temperature=0), "temperature must lie in"),
        (changed(temperature=5e-324), "temperature must lie in"),
        (changed(labels="Jazz"), r"card\.labels: expected a list"),
        (changed(labels=["Jazz", 3]), r"labels\[1\]: expected str"),
        (changed(labels=["Jazz", "Jazz"]), "stands twice"),
        (changed(music={"feature": "mood", "weights": [1.0], "offset": 0.0}), "none of 'energy'"),
        (changed(music={"feature": "energy", "weights": [], "offset": 0.0}), "at least one weight"),
        (changed(music={"feature": "energy", "weights": [1.0]}), r"card\.music: missing 'offset'"),
        (changed(music=0.5), r"card\.music: expected an object"),
        (changed(picture=None), r"card\.picture: expected an object"),
        ("[" * 100_000, "no JSON"),
        (" " * 2_000_000, "longer than"),
    ],
)
def test_refusals(text: str, says: str) -> None:
    with pytest.raises(CardError, match=says):
        card_from_json(text)


def test_a_card_written_before_there_were_music_gauges_reads() -> None:
    assert card_from_json(without("music")) == card(music=None)


@pytest.mark.parametrize("name", ["mobilenetv3_mel", "efficientnet_b0_mel", "mobilenetv3_cqt"])
def test_cards_written_before_there_were_other_scales_read_the_same(name: str) -> None:
    whole = find(name).card
    table = json.loads(card_to_json(whole))
    del table["pretrained"]
    for key in ("compression", "log_gain", "log_ceiling"):
        del table["spectrogram"][key]
    assert card_from_json(json.dumps(table)) == whole
    assert whole.spectrogram in (GENRESCOPE_MEL, GENRESCOPE_CQT)


def test_an_impossible_recipe_is_refused() -> None:
    table = json.loads(card_to_json(card()))
    table["spectrogram"]["high_hz"] = 20000.0
    with pytest.raises(CardError, match="lies above half"):
        card_from_json(json.dumps(table))
    for key, figure in (("sample_rate", 10**400), ("window_seconds", 1e308)):
        spoilt = json.loads(card_to_json(card()))
        spoilt["spectrogram"][key] = figure
        with pytest.raises(CardError, match="must lie in"):
            card_from_json(json.dumps(spoilt))
    table["spectrogram"]["kind"] = "wavelet"
    with pytest.raises(CardError, match="none of"):
        card_from_json(json.dumps(table))
