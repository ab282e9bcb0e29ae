"""Distances between songs: in what models say, and in what they see."""

from __future__ import annotations

import numpy as np
import pytest

from genrescope.collection.neighbours import distances, embedding_distances, nearest
from genrescope.collection.stores import Embeddings
from genrescope.collection.table import FIGURES, Table
from genrescope.collection.values import Seat
from genrescope.types import CollectionError

PATHS = (b"/a", b"/b", b"/c")


def table() -> Table:
    mean = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    figures = {name: np.zeros(3) for name in FIGURES}
    return Table(
        ("Jazz", "Rock"), ("one",), PATHS, mean, figures, np.ones(3, dtype=np.int64), ("",) * 3
    )


def described(model: str, paths: tuple[bytes, ...], *rows: list[float]) -> Embeddings:
    directions = np.array(rows, dtype=np.float32).reshape(len(paths), len(rows[0]) if rows else 0)
    return Embeddings(Seat(model, "", "", ("Jazz", "Rock")), paths, directions)


def test_hellinger() -> None:
    np.testing.assert_allclose(
        distances(np.array([1.0, 0.0]), table()), [0, np.sqrt(1 - np.sqrt(0.5)), 1]
    )


def test_cosine_is_the_mean_over_models() -> None:
    one = described("one", PATHS, [1, 0], [0, 1], [-1, 0])
    two = described("two", (b"/b", b"/a", b"/gone"), [0, 0, 1], [0, 1, 0], [1, 0, 0])
    vectors = {
        "one": np.array([2.0, 0.0], dtype=np.float32),
        "two": np.array([0.0, 0.0, 5.0], dtype=np.float32),
        "absent": np.ones(7, dtype=np.float32),
    }
    gaps = embedding_distances(vectors, [one, two], table())
    np.testing.assert_allclose(gaps, [0.5, 0.5, np.nan])
    assert nearest(gaps, table(), 5) == ((0, 0.5), (1, 0.5))
    assert nearest(gaps, table(), 5, leave_out=b"/a") == ((1, 0.5),)
    alone = embedding_distances(vectors, [one], table())
    assert nearest(alone, table(), 2) == ((0, 0.0), (1, 1.0))


def test_what_cannot_be_compared() -> None:
    one = described("one", PATHS, [1, 0], [0, 1], [-1, 0])
    with pytest.raises(CollectionError, match="gives 3 features here and gave 2"):
        embedding_distances({"one": np.ones(3, dtype=np.float32)}, [one], table())
    for nothing in ([], [described("one", ())]):
        with pytest.raises(CollectionError, match="no embeddings are kept here"):
            embedding_distances({"one": np.ones(2, dtype=np.float32)}, nothing, table())
