"""Labels, families and colours, for every taxonomy there is."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from genrescope.classification import taxonomies
from genrescope.types import TaxonomyError

every = pytest.mark.parametrize("name", taxonomies.names())


@every
def test_families_can_be_told_apart(name: str) -> None:
    taxonomy = taxonomies.load(name)
    families = {genre.family for genre in taxonomy.genres}
    assert all(re.fullmatch("#[0-9a-f]{6}", family.colour) for family in families)
    assert len({family.colour for family in families}) == len(families)
    assert len({family.name for family in families}) == len(families)
    assert all(family.chinese for family in families)
    assert len({genre.chinese for genre in taxonomy.genres}) == len(taxonomy.genres)


@every
def test_it_says_what_it_is_and_is_read_once(name: str) -> None:
    assert taxonomies.load(name).description
    assert taxonomies.load(name) is taxonomies.load(name)


def test_the_default_has_four_families_of_four() -> None:
    genres = taxonomies.load("genres16").genres
    assert set(Counter(genre.family.name for genre in genres).values()) == {4}
    assert len(genres) == 16


def test_names_are_whole_words_not_paths() -> None:
    for name in ("", "genres", "genres16.toml", "../taxonomies/genres16"):
        with pytest.raises(TaxonomyError, match="genres16"):
            taxonomies.load(name)


def test_every_genre_is_explained_in_both_languages() -> None:
    for genre in taxonomies.load("genres16").genres:
        assert genre.about.endswith(".")
        assert genre.chinese_about.endswith("。")
        assert len(genre.subgenres) == len(genre.chinese_subgenres) >= 3
