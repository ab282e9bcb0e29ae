"""A timeline on the page: words, the picture with its colours, the segments."""

from __future__ import annotations

from functools import partial
from html import escape

from genrescope.apps.posters import OTHERS, draw_timeline, genre_colour, shown_genres, to_png
from genrescope.apps.web.markup import (
    figure,
    genre_hint,
    genre_name,
    paragraphs,
    remarks,
)
from genrescope.apps.web.texts import Texts
from genrescope.types import ModelCard, Timeline


def words(found: Timeline, card: ModelCard, texts: Texts) -> str:
    """What the whole is, how it was followed, and what to know of the sound, as HTML."""
    label, probability = found.result.top(1)[0]
    name = genre_name(label, card.taxonomy, texts)
    title = texts("timeline.headline", genre=name, percent=100 * probability)
    first = found.predictions[0]
    source = texts(
        "timeline.of_source",
        source=first.source,
        seconds=first.seconds,
        step=found.step,
        models=", ".join(found.models),
    )
    hint = escape(genre_hint(label, card.taxonomy, texts))
    return (
        f'<h2 class="gs-headline" title="{hint}" style="border-color:{genre_colour(label)}">'
        f'{escape(title)}</h2><p class="gs-source">{escape(source)}</p>'
        f"{remarks(first.notices, texts)}"
    )


def picture(found: Timeline, card: ModelCard, texts: Texts) -> str:
    """The stacked probabilities, for a desk and for a phone, and what their colours mean."""
    drawn = [to_png(partial(draw_timeline, found, "", narrow=narrow)) for narrow in (False, True)]
    alt = texts("timeline.alt", source=found.predictions[0].source)
    colours = [
        (genre_colour(label), genre_name(label, card.taxonomy, texts))
        for label in shown_genres(found)
    ]
    colours.append((OTHERS, texts("timeline.others")))
    key = "".join(
        f'<li><i style="background:{colour}"></i>{escape(name)}</li>' for colour, name in colours
    )
    shown = figure(drawn[0], drawn[1], alt, texts("timeline.caption"))
    return f'{shown}<ul class="gs-key">{key}</ul>{paragraphs(_apart(found, texts))}'


def _apart(found: Timeline, texts: Texts) -> str:
    """Where several models pull apart most."""
    if found.divergence is None:
        return ""
    top = int(found.divergence.argmax())
    second, bits = float(found.seconds[top]), float(found.divergence[top])
    return texts("timeline.apart", second=second, bits=bits)


def segments(found: Timeline, card: ModelCard, texts: Texts) -> str:
    """The segments as a table."""
    heads = [texts(f"timeline.{key}") for key in ("genre", "start", "stop", "probability")]
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row"><i style="background:{genre_colour(one.genre)}"></i>'
        f"{escape(genre_name(one.genre, card.taxonomy, texts))}</th><td>{clock(one.start)}</td>"
        f"<td>{clock(one.end)}</td><td>{100 * one.probability:.0f} %</td></tr>"
        for one in found.segments
    )
    return (
        f'<div class="gs-scroll"><table class="gs-table"><caption>'
        f"{escape(texts('timeline.segments'))}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def clock(seconds: float) -> str:
    """Seconds as people write them.

    Examples
    --------
    >>> clock(7.25), clock(3725)
    ('0:07.2', '1:02:05.0')
    """
    tenths = round(10 * seconds)
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    ending = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{ending}" if hours else f"{minutes}:{ending}"
