"""The real collections, where they are."""

from __future__ import annotations

import pytest

from genrescope.learn import datasets, splits
from genrescope.learn.excerpts import Excerpts


@pytest.fixture(scope="session")
def real() -> tuple[Excerpts, ...]:
    """Every collection, with what judges withheld from what teaches."""
    folder = datasets.data_folder()
    if not folder.is_dir():
        pytest.skip(f"the collections are not here ({folder})")
    return splits.withhold_judged([datasets.load(n).load(folder) for n in datasets.names()])
