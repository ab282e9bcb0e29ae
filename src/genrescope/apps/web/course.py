"""A timeline on the page: words, what the browser draws, the colours, the segments."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from genrescope.apps.posters import OTHERS, genre_colour, shown_genres, step_edges
from genrescope.apps.tiles import RATE, Columns, to_bytes
from genrescope.apps.web.markup import genre_hint, genre_name, paragraphs, remarks, title_of
from genrescope.apps.web.texts import Texts
from genrescope.classification.timeline import find_disagreements
from genrescope.spectrogram.frequencies import mel_edges_hz
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
    hint = genre_hint(label, card.taxonomy, texts)
    return (
        f"{title_of(title, genre_colour(label), hint)}"
        f'<p class="gs-source">{escape(source)}</p>'
        f"{remarks(first.notices, texts)}"
    )


def key(found: Timeline, card: ModelCard, texts: Texts) -> str:
    """What the colours mean, and how to read the curve of divergence."""
    colours = [
        (genre_colour(label), genre_name(label, card.taxonomy, texts))
        for label in shown_genres(found)
    ]
    colours.append((OTHERS, texts("timeline.others")))
    rows = "".join(
        f'<li><i style="background:{colour}"></i>{escape(name)}</li>' for colour, name in colours
    )
    several = "" if found.divergence is None else texts("timeline.apart")
    longest = max(one.window_seconds for one in found.predictions)
    caption = escape(texts("timeline.caption", seconds=longest))
    return f'<ul class="gs-key">{rows}</ul><p class="gs-note">{caption}</p>{paragraphs(several)}'


def payload(
    found: Timeline, overview: Columns, card: ModelCard, texts: Texts, *, live: bool = True
) -> dict[str, Any]:
    """A timeline as the browser draws it.

    Parameters
    ----------
    found : Timeline
    overview : Columns
        Of the sound, from where the timeline begins.
    card : ModelCard
        Of the first model.
    texts : Texts
    live : bool
        Whether a server is there that can be asked for tiles.
    """
    shown = shown_genres(found)
    rows = found.probabilities[:, [found.labels.index(label) for label in shown]]
    edges = step_edges(found, rows)[0]
    peaks, shades = to_bytes(overview, overview.loudest)
    first = found.predictions[0]
    return {
        "source": first.source,
        "start": round(float(edges[0]), 3),
        "end": round(float(edges[-1]), 3),
        "live": live,
        "level": overview.level,
        "columns": len(peaks),
        "column": overview.column_seconds,
        "bands": len(shades),
        "loudest": overview.loudest,
        "peaks": base64.b64encode(peaks.tobytes()).decode("ascii"),
        "shades": base64.b64encode(shades.tobytes()).decode("ascii"),
        "hz": [round(float(hz), 1) for hz in mel_edges_hz(0.0, RATE / 2, len(shades))[1:-1]],
        "edges": [round(float(edge), 2) for edge in edges],
        "genres": [genre_name(label, card.taxonomy, texts) for label in shown],
        "colours": [genre_colour(label) for label in shown],
        "others": [texts("timeline.others"), OTHERS],
        "rows": [[round(float(share), 3) for share in row] for row in rows],
        "segments": [
            [
                round(one.start, 2),
                round(one.end, 2),
                genre_name(one.genre, card.taxonomy, texts),
                genre_colour(one.genre),
            ]
            for one in found.segments
        ],
        "bits": None
        if found.divergence is None
        else [round(float(bits), 3) for bits in found.divergence],
        "jumps": [
            [round(float(found.seconds[place]), 2), _jump(found, place, card, texts)]
            for place in find_disagreements(found)
        ],
    }


def _jump(found: Timeline, place: int, card: ModelCard, texts: Texts) -> str:
    """When models pull apart, and what each says there."""
    assert found.divergence is not None
    said = []
    for model, rows in zip(found.models, found.per_model, strict=True):
        best = int(rows[place].argmax())
        name = genre_name(found.labels[best], card.taxonomy, texts)
        said.append(f"{model} {name} {100 * float(rows[place, best]):.0f} %")
    when = clock(float(found.seconds[place]))
    return texts(
        "timeline.jump", when=when, bits=float(found.divergence[place]), said=", ".join(said)
    )


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
        f'<div class="gs-scroll gs-segments" tabindex="0"><table class="gs-table"><caption>'
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
