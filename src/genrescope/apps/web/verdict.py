"""What one model says of a recording, in words: headline, what the figure means, remarks."""

from __future__ import annotations

from html import escape

from genrescope.apps.web.markup import (
    bars,
    genre_hint,
    genre_name,
    music_doubt,
    paragraphs,
    remarks,
    table,
    title_of,
)
from genrescope.apps.web.markup import family_of as family
from genrescope.apps.web.texts import Texts
from genrescope.classification.trust import FEW_SONGS, band_of
from genrescope.learn.reliability import wilson
from genrescope.types import ModelCard, Prediction

TOP = 5


def headline(made: Prediction, card: ModelCard, texts: Texts) -> str:
    """The first choice, what its figure is worth, and what to know of the sound, as HTML."""
    label, probability = made.top(1)[0]
    name = genre_name(label, card.taxonomy, texts)
    title = texts("analyse.headline", genre=name, percent=100 * probability)
    colour = family(label, card.taxonomy, texts)[1]
    source = texts(
        "analyse.of_source",
        source=made.source,
        seconds=made.seconds,
        windows=len(made.window_starts),
        window_seconds=card.spectrogram.window_seconds,
    )
    return (
        f"{title_of(title, colour, genre_hint(label, card.taxonomy, texts))}"
        f'<p class="gs-source">{escape(source)}</p>'
        f"{paragraphs(*meaning(card, probability, texts))}"
        f"{music_doubt(made.music, texts, 'analyse.not_music')}"
        f"{paragraphs(texts('analyse.pretrained') if made.pretrained else '')}"
        f"{remarks(made.notices, texts)}"
    )


def meaning(card: ModelCard, probability: float, texts: Texts) -> tuple[str, ...]:
    """What a first choice's probability is worth on this model's own test songs, with interval."""
    if card.temperature == 1.0 and not card.bands:
        return (texts("analyse.uncalibrated"),)
    band = band_of(card, probability)
    songs = 0 if band is None else band.songs
    if band is None or songs < FEW_SONGS:
        return (texts("analyse.no_meaning", model=card.name, songs=songs),)
    least, most = wilson(band.right, songs)
    said = texts(
        "analyse.meaning",
        songs=songs,
        model=card.name,
        low=round(100 * band.low),
        high=round(100 * band.high),
        right=band.right,
        percent=round(100 * band.right / songs),
        least=round(100 * least),
        most=round(100 * most),
    )
    translated = 2 * band.translated > songs
    return (said, texts("analyse.translated_meaning")) if translated else (said,)


def top_bars(made: Prediction, card: ModelCard, texts: Texts) -> str:
    """The most probable genres as bars."""
    title = escape(texts("analyse.top"))
    return f"<h3>{title}</h3>{bars(made.top(TOP), card.taxonomy, texts)}"


def all_rows(made: Prediction, card: ModelCard, texts: Texts) -> list[list[str]]:
    """Every genre with its probability and its family, most probable first."""
    return [
        [
            genre_name(label, card.taxonomy, texts),
            f"{100 * probability:.2f} %",
            family(label, card.taxonomy, texts)[0],
        ]
        for label, probability in made.top(len(made.labels))
    ]


def all_heads(texts: Texts) -> list[str]:
    """Headings of `all_rows`."""
    return [texts(f"analyse.{key}") for key in ("genre", "probability", "family")]


def all_table(made: Prediction, card: ModelCard, texts: Texts) -> str:
    """Every genre as an HTML table."""
    return table(all_heads(texts), all_rows(made, card, texts), texts("analyse.all"))
