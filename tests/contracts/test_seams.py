"""Every module behind a seam keeps what the seam promises."""

from __future__ import annotations

import pytest

from genrescope import spectrogram
from genrescope.classification import taxonomies
from genrescope.learn import datasets
from genrescope.models import engines
from genrescope.types import (
    EngineError,
    SpectrogramError,
    TaxonomyError,
    TrainingError,
)


@pytest.mark.parametrize("name", taxonomies.names())
def test_taxonomy(name: str) -> None:
    taxonomy = taxonomies.load(name)
    assert taxonomy.name == name
    assert len(set(taxonomy.labels)) == len(taxonomy.labels) >= 2
    for genre in taxonomy.genres:
        assert genre.chinese
        assert len(genre.family.colour) == 7
        assert taxonomy.genre(genre.label) is genre


def test_the_default_taxonomy_is_sixteen_genres_in_four_families() -> None:
    families: dict[str, list[str]] = {}
    for genre in taxonomies.load("genres16").genres:
        families.setdefault(genre.family.name, []).append(genre.label)
    assert families == {
        "roots": ["Blues", "Classical", "Jazz", "Folk"],
        "popular and electronic": ["Pop", "Electronic", "Disco", "Rock"],
        "strong rhythm": ["Hip-Hop", "Rap", "Metal", "R&B"],
        "cross-cultural": ["Reggae", "World", "Latin", "Country"],
    }


@pytest.mark.parametrize("name", datasets.names())
def test_dataset(name: str) -> None:
    folder = datasets.data_folder()
    if not folder.is_dir():
        pytest.skip(f"the collections are not here ({folder})")
    excerpts = datasets.load(name).load(folder)
    assert excerpts.mel.shape[1] == 128
    assert 380 <= excerpts.mel.shape[2] <= 390
    assert set(excerpts.genres) <= {*taxonomies.load("genres16").labels, ""}
    assert len(excerpts.split("train")) > 0
    assert excerpts.terms


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(SpectrogramError, match="cqt, mel"):
        spectrogram.load("wavelet")
    with pytest.raises(TaxonomyError, match="genres16"):
        taxonomies.load("none")
    with pytest.raises(TaxonomyError, match="Blues"):
        taxonomies.load("genres16").genre("Polka")
    with pytest.raises(TrainingError, match="gtzan"):
        datasets.load("none")
    with pytest.raises(EngineError, match="openvino"):
        engines.load("none")
