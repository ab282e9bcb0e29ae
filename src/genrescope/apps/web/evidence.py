"""Explanations on the page: words, heat maps, and probabilities before and after a change."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from genrescope.apps.reasons import strongest
from genrescope.apps.web.markup import (
    family_of,
    genre_hint,
    genre_name,
    paragraphs,
    remarks,
    table,
    title_of,
)
from genrescope.apps.web.pictures import packed
from genrescope.apps.web.texts import Texts
from genrescope.explain.change import Moved
from genrescope.spectrogram.frequencies import note_name
from genrescope.spectrogram.picture import unit_values
from genrescope.types import Explanation, FloatArray, ModelCard, Prediction


def words(explanation: Explanation, card: ModelCard, texts: Texts) -> str:
    """What is explained, where the evidence lies, and when not to believe it, as HTML."""
    label, method = explanation.label, explanation.method
    name = genre_name(label, card.taxonomy, texts)
    colour = family_of(label, card.taxonomy, texts)[1]
    hint = genre_hint(label, card.taxonomy, texts)
    title = texts(
        "why.headline",
        genre=name,
        percent=100 * explanation.probability,
        model=explanation.prediction.model,
    )
    seconds = explanation.spectrogram.frame_seconds
    source = texts(
        "why.of_source",
        source=explanation.prediction.source,
        low=float(seconds[0]),
        high=float(seconds[-1]),
        method=texts(f"why.{method}"),
    )
    hz = explanation.spectrogram.band_hz
    return (
        f"{title_of(title, colour, hint)}"
        f'<p class="gs-source">{escape(source)}</p>'
        f"{paragraphs(_places('band', explanation.by_band, hz, name, texts))}"
        f"{paragraphs(_places('time', explanation.by_time, seconds, name, texts))}"
        f'<p class="gs-note">{escape(texts(f"why.{method}_text", genre=name))}</p>'
        f'<p class="gs-advice">{escape(texts(f"why.{method}_doubt"))}</p>'
        f"{remarks(explanation.prediction.notices, texts)}"
    )


def _places(axis: str, values: FloatArray, places: FloatArray, name: str, texts: Texts) -> str:
    """Where along one axis most speaks for a genre, and most against it."""
    said = []
    for side, signed in (("for", values), ("against", -values)):
        found = strongest(signed, places)
        if found is None:
            nothing = f"why.none_for_{axis}" if side == "for" else "why.none_against"
            said.append(texts(nothing, genre=name))
            continue
        key = f"why.{side}_{axis}"
        at = {"low": found.low, "high": found.high, "logits": found.logits}
        said.append(texts(key, genre=name, **at))
    return ("" if texts.chinese else " ").join(said)


def payload(explanation: Explanation, card: ModelCard, texts: Texts) -> dict[str, Any]:
    """An explanation as the browser draws it: heat in 127ths of its largest."""
    drawn, name = explanation.spectrogram, genre_name(explanation.label, card.taxonomy, texts)
    bands, frames = drawn.values.shape
    largest = float(np.abs(explanation.evidence).max()) or 1.0
    heat = np.rint(explanation.evidence / largest * 127).astype(np.int8)
    seconds, hz = drawn.frame_seconds, drawn.band_hz
    return {
        "words": words(explanation, card, texts),
        "alt": texts("why.alt", genre=name, source=explanation.prediction.source),
        "kind": drawn.spec.kind,
        "bands": bands,
        "frames": frames,
        "first": float(seconds[0]),
        "step": drawn.spec.hop_length / drawn.spec.sample_rate,
        "shades": packed(unit_values(drawn.values, drawn.spec)),
        "heat": base64.b64encode(np.ascontiguousarray(heat).tobytes()).decode("ascii"),
        "largest": largest,
        "hz": [round(float(one), 1) for one in hz],
        "notes": [note_name(float(one)) for one in hz] if drawn.spec.kind == "cqt" else [],
        "by_band": [round(float(one), 4) for one in explanation.by_band],
        "by_time": [round(float(one), 4) for one in explanation.by_time],
    }


def moved(found: Moved, labels: Sequence[str], title: str, card: ModelCard, texts: Texts) -> str:
    """Every probability as it is and changed, network by network, the greatest first.

    Parameters
    ----------
    found : Moved
    labels : sequence of str
        What is explained, network by network.
    title : str
        What was changed.
    card : ModelCard
        Of the first network.
    texts : Texts
    """
    cards = "".join(
        f'<section class="gs-card"><h3>{escape(pair[0].model)}</h3>'
        f"{moved_table(pair, label, card, texts)}</section>"
        for pair, label in zip(found.pairs, labels, strict=True)
    )
    return f'<h3>{escape(title)}</h3><div class="gs-columns">{cards}</div>'


def moved_table(
    pair: tuple[Prediction, Prediction], label: str, card: ModelCard, texts: Texts
) -> str:
    """One network's probabilities as it is and changed; what becomes of `label` in a sentence."""
    before, after = pair
    place = before.labels.index(label)
    firsts = [genre_name(side.top(1)[0][0], card.taxonomy, texts) for side in pair]
    same = firsts[0] == firsts[1]
    sentences = (
        texts(
            "why.moved_text",
            genre=genre_name(label, card.taxonomy, texts),
            before=100 * float(before.probabilities[place]),
            after=100 * float(after.probabilities[place]),
        ),
        texts(f"why.moved_{'same' if same else 'first'}", before=firsts[0], after=firsts[1]),
    )
    rows = []
    for i in (-before.probabilities).argsort(kind="stable"):
        shares = 100 * float(before.probabilities[i]), 100 * float(after.probabilities[i])
        rows.append(_row(genre_name(before.labels[i], card.taxonomy, texts), shares))
    heads = [texts(f"why.{key}") for key in ("as_is", "without", "by")]
    return paragraphs(*sentences) + table([texts("analyse.genre"), *heads], rows)


def _row(name: str, pair: Sequence[float]) -> tuple[str, str, str, str]:
    before, after = pair
    return name, f"{before:.1f} %", f"{after:.1f} %", f"{round(after - before, 1) + 0.0:+.1f}"
