"""How far to trust a probability: what a model's card says of test songs with the like."""

from __future__ import annotations

from typing import TypeGuard

from genrescope.types import Band, ModelCard

FEW_SONGS = 10
"""Fewer test songs than this say nothing of how often a model is right."""


def hardly_music(music: float | None) -> TypeGuard[float]:
    """Whether a confidence that something is music at all is below a half.

    Parameters
    ----------
    music : float or None
        In [0, 1]; None where no model can say.

    Examples
    --------
    >>> hardly_music(0.31), hardly_music(0.5), hardly_music(None)
    (True, False, False)
    """
    return music is not None and music < 0.5


def band_of(card: ModelCard, probability: float) -> Band | None:
    """The band of a first choice's probability, widened to neighbours until it holds `FEW_SONGS`.

    Parameters
    ----------
    card : ModelCard
    probability : float
        Of the first choice, in [0, 1].

    Returns
    -------
    Band or None
        None where the card has no bands. It may still hold few songs, where there are no more.

    Examples
    --------
    >>> from genrescope.types import GENRESCOPE_MEL, PictureSpec
    >>> bands = (Band(0.0, 0.5, 4, 1), Band(0.5, 1.0, 20, 15))
    >>> card = ModelCard("m", "n", GENRESCOPE_MEL, PictureSpec(), ("a", "b"), bands=bands)
    >>> band_of(card, 0.7)
    Band(low=0.5, high=1.0, songs=20, right=15, translated=0)
    >>> band_of(card, 0.2).songs
    24
    """
    bands = card.bands
    inside = [i for i, band in enumerate(bands) if band.low <= probability]
    if not inside:
        return None
    first = last = inside[-1]
    found = bands[first]
    while found.songs < FEW_SONGS and (first > 0 or last < len(bands) - 1):
        first, last = max(0, first - 1), min(len(bands) - 1, last + 1)
        found = _joined(bands[first : last + 1])
    return found


def _joined(bands: tuple[Band, ...]) -> Band:
    return Band(
        bands[0].low,
        bands[-1].high,
        sum(band.songs for band in bands),
        sum(band.right for band in bands),
        sum(band.translated for band in bands),
    )


def doubtful_band(card: ModelCard, probability: float) -> Band | None:
    """The band of a first choice's probability, where it was wrong there more often than right.

    Examples
    --------
    >>> from genrescope.types import GENRESCOPE_MEL, PictureSpec
    >>> bands = (Band(0.0, 0.3, 12, 2), Band(0.3, 0.6, 10, 6), Band(0.6, 1.0, 20, 19))
    >>> card = ModelCard("m", "n", GENRESCOPE_MEL, PictureSpec(), ("a", "b"), bands=bands)
    >>> doubtful_band(card, 0.2)
    Band(low=0.0, high=0.3, songs=12, right=2, translated=0)
    >>> doubtful_band(card, 0.5) is None  # whatever the songs below it
    True
    """
    band = band_of(card, probability)
    return band if band is not None and 2 * band.right < band.songs else None


def doubtful_below(card: ModelCard) -> Band | None:
    """From zero on, the bands in which a first choice was wrong more often than right, joined.

    Examples
    --------
    >>> from genrescope.types import GENRESCOPE_MEL, PictureSpec
    >>> bands = (Band(0.0, 0.3, 12, 2), Band(0.3, 0.6, 15, 7), Band(0.6, 1.0, 20, 19))
    >>> card = ModelCard("m", "n", GENRESCOPE_MEL, PictureSpec(), ("a", "b"), bands=bands)
    >>> doubtful_below(card)
    Band(low=0.0, high=0.6, songs=27, right=9, translated=0)
    """
    found: Band | None = None
    for place, band in enumerate(card.bands):
        if band.songs >= FEW_SONGS:
            if 2 * band.right >= band.songs:
                break
            found = _joined(card.bands[: place + 1])
    return found
