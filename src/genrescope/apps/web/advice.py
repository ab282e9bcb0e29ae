"""What to make of a comparison: advice that is generated from measured figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from genrescope.apps.serving import Answer
from genrescope.apps.web.markup import paragraphs
from genrescope.apps.web.panel import Cards
from genrescope.apps.web.texts import Texts
from genrescope.classification.trust import doubtful_band, doubtful_below
from genrescope.types import Comparison


def advise(
    result: Comparison,
    cards: Cards,
    answer: Answer,
    choices: Callable[[str], Sequence[str]],
    texts: Texts,
) -> tuple[str, str]:
    """Advice from measured figures, as HTML, and the other kind of spectrogram worth trying.

    Parameters
    ----------
    result : Comparison
    cards : dict of str to ModelCard
        Of its models.
    answer : Answer
        With the time in each network.
    choices : callable
        Gives the usable models of a kind of spectrogram.
    texts : Texts

    Returns
    -------
    html : str
    kind : str
        ``mel`` or ``cqt``, or "" where no other is worth trying or all are looked at.
    """
    sentences = [_best(cards, texts), _quickest(result, answer, texts)]
    kinds = {card.spectrogram.kind for card in cards.values()}
    other = "" if len(kinds) > 1 else "cqt" if "mel" in kinds else "mel"
    other = other if other and choices(other) else ""
    doubts = _doubts(result, cards, texts)
    sentences += doubts or [texts("compare.advice_fine")]
    sentences.append(_borders(cards, other, texts))
    title = escape(texts("compare.advice"))
    html = f'<div class="gs-advice"><h3>{title}</h3>{paragraphs(*sentences)}</div>'
    return html, other if doubts else ""


def _best(cards: Cards, texts: Texts) -> str:
    measured = [
        (score, name)
        for name, card in cards.items()
        for score in card.scores
        if (score.dataset, score.metric) == ("real audio", "top1")
    ]
    if not measured:
        return ""
    score = max((score for score, _ in measured), key=lambda one: one.value)
    name = _listed([model for one, model in measured if one.value == score.value], texts)
    figures = {"percent": 100 * score.value, "low": 100 * score.low, "high": 100 * score.high}
    return texts("compare.advice_best", model=name, **figures)


def _quickest(result: Comparison, answer: Answer, texts: Texts) -> str:
    each = {
        made.model: 1000 * answer.network_seconds[made.model] / len(made.window_starts)
        for made in result.predictions
    }
    name = min(each, key=lambda model: each[model])
    return texts("compare.advice_quick", model=name, milliseconds=each[name])


def _doubts(result: Comparison, cards: Cards, texts: Texts) -> list[str]:
    doubts = []
    for made in result.predictions:
        share = made.top(1)[0][1]
        band = doubtful_band(cards[made.model], share)
        if band is not None:
            values = {"model": made.model, "percent": 100 * share, "right": band.right}
            values |= {"songs": band.songs, "low": 100 * band.low, "high": 100 * band.high}
            doubts.append(texts("compare.advice_low", **values))
    return doubts


def _borders(cards: Cards, other: str, texts: Texts) -> str:
    """Below which probability each network was mostly wrong; "" without another spectrogram."""
    borders = [(name, doubtful_below(card)) for name, card in cards.items()]
    told = [
        texts(
            "compare.advice_below_one",
            model=name,
            percent=100 * band.high,
            right=band.right,
            songs=band.songs,
        )
        for name, band in borders
        if band is not None
    ]
    if not (told and other):
        return ""
    return texts(
        "compare.advice_below", models=_listed(told, texts), kind=texts(f"compare.{other}")
    )


def _listed(names: Sequence[str], texts: Texts) -> str:
    return ("、" if texts.chinese else ", ").join(names)
