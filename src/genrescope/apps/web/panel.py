"""What several networks say together, and where they pull apart, as HTML."""

from __future__ import annotations

from html import escape
from itertools import combinations

import numpy as np

from genrescope.apps.serving import Answer
from genrescope.apps.web.markup import (
    bars,
    family_of,
    genre_name,
    music_doubt,
    paragraphs,
    remarks,
    title_of,
)
from genrescope.apps.web.texts import Texts
from genrescope.types import Comparison, ModelCard, Prediction

Cards = dict[str, ModelCard]

TRADE = 0.10
"""Networks pull apart where a genre falls by so much and another rises by so much."""
MOST_TRADES = 4
TOP = 5


def together(result: Comparison, cards: Cards, texts: Texts) -> str:
    """Mean, agreement, who dissents, and a doubt that it is music at all."""
    card = cards[result.predictions[0].model]
    label, probability = result.top(1)[0]
    name = genre_name(label, card.taxonomy, texts)
    title = texts("compare.mean", genre=name, percent=100 * probability)
    colour = family_of(label, card.taxonomy, texts)[1]
    agreement = texts("compare.agreement", share=100 * result.agreement, bits=result.divergence)
    dissent = [_dissent(result, model, other, cards, texts) for model, other in result.dissenters]
    return (
        f"{title_of(title, colour)}"
        f"{paragraphs(agreement, *(dissent or [texts('compare.all_agree')]))}"
        f"{music_doubt(result.music, texts, 'compare.not_music')}"
        f"{remarks(result.predictions[0].notices, texts)}"
    )


def _dissent(result: Comparison, model: str, label: str, cards: Cards, texts: Texts) -> str:
    made = next(one for one in result.predictions if one.model == model)
    share = float(made.probabilities[made.labels.index(label)])
    name = genre_name(label, cards[model].taxonomy, texts)
    return texts("compare.dissent", model=model, genre=name, percent=100 * share)


def columns(result: Comparison, cards: Cards, texts: Texts) -> str:
    """Every network's first genres, side by side."""
    parts = [
        f'<section class="gs-card"><h3>{escape(made.model)}</h3>'
        f"{paragraphs(texts('analyse.pretrained') if made.pretrained else '')}"
        f"{bars(made.top(TOP), cards[made.model].taxonomy, texts)}</section>"
        for made in result.predictions
    ]
    return f'<div class="gs-columns">{"".join(parts)}</div>'


def find_trades(
    result: Comparison,
) -> list[tuple[float, Prediction, Prediction, int, int]]:
    """Pairs of networks between which one genre falls as another rises, the greatest first.

    Returns
    -------
    list of (float, Prediction, Prediction, int, int)
        How much goes over, from whom, to whom, the label that falls, the one that rises.
    """
    found = []
    for one, other in combinations(result.predictions, 2):
        change = other.probabilities - one.probabilities
        fall, rise = int(np.argmin(change)), int(np.argmax(change))
        size = float(min(-change[fall], change[rise]))
        if size >= TRADE:
            found.append((size, one, other, fall, rise))
    return sorted(found, key=lambda trade: -trade[0])


def trades(result: Comparison, cards: Cards, texts: Texts) -> str:
    """Where networks pull apart, in sentences."""
    sentences = [
        texts(
            "compare.trade",
            first=one.model,
            second=other.model,
            falling=genre_name(result.labels[fall], cards[one.model].taxonomy, texts),
            from_high=100 * one.probabilities[fall],
            from_low=100 * other.probabilities[fall],
            rising=genre_name(result.labels[rise], cards[one.model].taxonomy, texts),
            to_low=100 * one.probabilities[rise],
            to_high=100 * other.probabilities[rise],
        )
        for _, one, other, fall, rise in find_trades(result)[:MOST_TRADES]
    ]
    title = escape(texts("compare.trades"))
    return f"<h3>{title}</h3>{paragraphs(*(sentences or [texts('compare.no_trades')]))}"


def heat(result: Comparison, cards: Cards, texts: Texts) -> str:
    """Networks × genres as a shaded table."""
    taxonomy = cards[result.predictions[0].model].taxonomy
    heads = "".join(
        f'<th scope="col">{escape(genre_name(label, taxonomy, texts))}</th>'
        for label in result.labels
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(made.model)}</th>{_cells(made, taxonomy, texts)}</tr>'
        for made in result.predictions
    )
    return (
        '<div class="gs-scroll" tabindex="0"><table class="gs-table gs-heat">'
        f"<caption>{escape(texts('compare.heat'))}</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(made: Prediction, taxonomy: str, texts: Texts) -> str:
    cells = []
    for label, value in zip(made.labels, made.probabilities, strict=True):
        colour = family_of(label, taxonomy, texts)[1]
        shade = f"color-mix(in srgb, {colour} {60 * float(value):.0f}%, transparent)"
        cells.append(f'<td style="background:{shade}">{100 * float(value):.0f}</td>')
    return "".join(cells)


def cost(result: Comparison, answer: Answer, texts: Texts) -> str:
    """Time in every network, and what all cost beside one."""
    spent = answer.network_seconds
    each = [
        texts("compare.cost_text", model=made.model, milliseconds=1000 * spent[made.model])
        for made in result.predictions
    ]
    whole = texts(
        "compare.cost_all",
        count=len(each),
        all=1000 * sum(spent.values()),
        total=1000 * answer.worked_seconds,
        slowest=1000 * max(spent.values()),
    )
    rows = "".join(f"<li>{escape(sentence)}</li>" for sentence in each)
    return f"<h3>{escape(texts('compare.cost'))}</h3><ul>{rows}</ul>{paragraphs(whole)}"
