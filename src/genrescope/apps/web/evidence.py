"""An explanation on the page: words, the heat map, and probabilities with and without a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from genrescope.apps.posters import draw_explanation, to_png
from genrescope.apps.reasons import strongest
from genrescope.apps.web.markup import (
    family_of,
    figure,
    genre_hint,
    genre_name,
    paragraphs,
    remarks,
    table,
)
from genrescope.apps.web.texts import Texts
from genrescope.explain.change import Moved
from genrescope.types import Explanation, FloatArray, ModelCard


@dataclass(frozen=True, slots=True)
class Muted:
    """A band in Hz that was taken out, and from which second on it was listened."""

    low: float
    high: float
    start: float


def words(explanation: Explanation, card: ModelCard, texts: Texts) -> str:
    """What is explained, where the evidence lies, and when not to believe it, as HTML."""
    label, method = explanation.label, explanation.method
    name = genre_name(label, card.taxonomy, texts)
    colour = family_of(label, card.taxonomy, texts)[1]
    hint = escape(genre_hint(label, card.taxonomy, texts))
    title = texts("why.headline", genre=name, percent=100 * explanation.probability)
    seconds = explanation.spectrogram.frame_seconds
    source = texts(
        "why.of_source",
        source=explanation.prediction.source,
        low=float(seconds[0]),
        high=float(seconds[-1]),
        model=explanation.prediction.model,
        method=texts(f"why.{method}"),
    )
    hz = explanation.spectrogram.band_hz
    return (
        f'<h2 class="gs-headline" title="{hint}" style="border-color:{colour}">{escape(title)}</h2>'
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


def picture(explanation: Explanation, card: ModelCard, texts: Texts) -> str:
    """The heat map over the spectrogram, for a desk and for a phone."""
    name = genre_name(explanation.label, card.taxonomy, texts)
    drawn = [
        to_png(partial(draw_explanation, explanation, "", narrow=narrow))
        for narrow in (False, True)
    ]
    alt = texts("why.alt", genre=name, source=explanation.prediction.source)
    return figure(drawn[0], drawn[1], alt, texts("why.caption", genre=name))


def moved(found: Moved, label: str, muted: Muted, card: ModelCard, texts: Texts) -> str:
    """Every probability as it is and without a band, the greatest first."""
    before, after = found.pairs[0]
    place = before.labels.index(label)
    firsts = [genre_name(side.top(1)[0][0], card.taxonomy, texts) for side in (before, after)]
    same = firsts[0] == firsts[1]
    sentences = (
        texts(
            "why.moved_text",
            low=muted.low,
            high=muted.high,
            genre=genre_name(label, card.taxonomy, texts),
            before=100 * float(before.probabilities[place]),
            after=100 * float(after.probabilities[place]),
        ),
        texts(f"why.moved_{'same' if same else 'first'}", before=firsts[0], after=firsts[1]),
    )
    rows = []
    for i in (-before.probabilities).argsort(kind="stable"):
        pair = 100 * float(before.probabilities[i]), 100 * float(after.probabilities[i])
        rows.append(_row(genre_name(before.labels[i], card.taxonomy, texts), pair))
    heads = [texts(f"why.{key}") for key in ("as_is", "without", "by")]
    caption = texts("why.moved", start=muted.start, low=muted.low, high=muted.high)
    return paragraphs(*sentences) + table([texts("analyse.genre"), *heads], rows, caption)


def _row(name: str, pair: Sequence[float]) -> tuple[str, str, str, str]:
    before, after = pair
    return name, f"{before:.1f} %", f"{after:.1f} %", f"{round(after - before, 1) + 0.0:+.1f}"
