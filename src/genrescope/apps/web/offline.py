"""What the pages Why and Timeline show, as one HTML file each: for the command line, too."""

from __future__ import annotations

from collections.abc import Sequence

from genrescope.apps.tiles import Columns
from genrescope.apps.web import course, evidence
from genrescope.apps.web.report import write_course_report, write_why_report
from genrescope.apps.web.texts import Texts
from genrescope.audio import Change
from genrescope.explain.change import Moved
from genrescope.types import Explanation, ModelCard, Timeline


def why_report(
    explanations: Sequence[Explanation],
    cards: Sequence[ModelCard],
    moved: Moved | None,
    changes: Sequence[Change],
    start: float,
    texts: Texts,
) -> str:
    """Heat maps side by side, and what a change does to every probability; it loads nothing.

    Parameters
    ----------
    explanations : sequence of Explanation
    cards : sequence of ModelCard
        Of their models, in their order.
    moved : Moved, optional
        What the changes did.
    changes : sequence of Change
    start : float
        Where the stretch begins that was looked at, in seconds.
    texts : Texts
    """
    pairs = zip(explanations, cards, strict=True)
    views = [evidence.payload(one, card, texts) for one, card in pairs]
    rest = ""
    if moved is not None:
        what = texts("why.and").join(texts.notice(change.notice()) for change in changes)
        title = texts("why.moved", what=what, start=start)
        labels = [one.label for one in explanations]
        rest = evidence.moved(moved, labels, title, cards[0], texts)
    return write_why_report(texts, explanations[0].prediction.source, "", views, rest)


def course_report(found: Timeline, overview: Columns, card: ModelCard, texts: Texts) -> str:
    """A timeline with its sound's picture, segments and disagreements; it loads nothing.

    Parameters
    ----------
    found : Timeline
    overview : Columns
        Of the sound, from where the timeline begins.
    card : ModelCard
        Of the first model.
    texts : Texts
    """
    rest = course.key(found, card, texts) + course.segments(found, card, texts)
    still = course.payload(found, overview, card, texts, live=False)
    source = found.predictions[0].source
    return write_course_report(texts, source, course.words(found, card, texts), still, rest)
