"""The language to ask a collection with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.collection.query import answer, parse
from genrescope.collection.table import FIGURES, Table
from genrescope.types import QueryError

MEAN = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])


def table() -> Table:
    figures = {name: np.array([0.1, 0.5, np.nan]) for name in FIGURES}
    paths = (b"/a/one 1979.mp3", b"/a/two 19.50.mp3", "/b/Three Beyonce\u0301.ogg".encode())
    counts, notices = np.ones(3, np.int64), ("", "truncated", "clipping truncated")
    return Table(("Jazz", "Hip-Hop", "R&B"), ("m",), paths, MEAN, figures, counts, notices)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("jazz > 0.6", [0]),
        ("JAZZ >= 30% and not r&b = 0.4", [0]),
        ("hip-hop>0.2 or R&B>0.3", [1, 2]),
        ('"Hip-Hop" > .2', [1, 2]),
        ("jazz > 0.6 or jazz < 0.2 and hip-hop < 0.5", [0]),
        ("(jazz > 0.6 or jazz < 0.2) and hip-hop < 0.5", [0]),
        ("genre = jazz", [0]),
        ("genre != 'Jazz'", [1, 2]),
        ('path ~ "/A/"', [0, 1]),
        ("path ~ three", [2]),
        ("path ~ 1979", [0]),
        ("not path ~ 1979", [1, 2]),
        ("path ~ 19.50", [1]),
        ("path ~ beyoncé", [2]),
        ("notices ~ truncated", [1, 2]),
        ("notices ~ truncated and not notices ~ clipping", [1]),
        ("notices = ''", [0]),
        ("music < 0.5", [0]),
        ("music > 0", [0, 1]),
        ("not not jazz > 0.6", [0]),
        ("entropy > -1e0", [0, 1]),
    ],
)
def test_answers(question: str, rows: list[int]) -> None:
    assert np.flatnonzero(answer(parse(question), table())).tolist() == rows


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("jazz >", "at its end: expected a number"),
        ("jazz 0.6", "at '0.6': expected one of"),
        ("(jazz > 0.6", "closing bracket"),
        ("jazz > 0.6 metal > 1", "expected `and`"),
        ("jazz > 0.6; drop table file", "at '; drop"),
        ("__import__('os') > 1", "expected one of"),
        ("and", "expected one of"),
        ("not " * 80 + "jazz > 1", "nested too deep"),
        ("(" * 5000, "nested too deep"),
        ("x" * 20000, "letters"),
    ],
)
def test_what_cannot_be_read(question: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(question)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("polka > 0.5", "no field 'polka'; there are: Jazz"),
        ("jazz = blue", "jazz is a number"),
        ("jazz ~ 1", "jazz is a number"),
        ("genre > jazz", "genre is a word"),
        ("genre = 1", "genre is a word"),
    ],
)
def test_what_cannot_be_answered(question: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        answer(parse(question), table())
    assert words in str(caught.value)


@given(st.text(alphabet="jaz>0.6()and or~='\"% &-\n\\", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        question = parse(text)
        assert answer(question, table()).shape == (3,)
    except QueryError:
        pass


def test_order() -> None:
    assert table().ordered("jazz").paths[0] == b"/a/one 1979.mp3"
    assert table().ordered("jazz", ascending=True).paths[0] == b"/a/two 19.50.mp3"
    assert table().ordered("path").paths[2].startswith(b"/b/Three")
    assert table().ordered("music").paths[2].startswith(b"/b/Three")  # what has none comes last
    with pytest.raises(QueryError, match="no field 'x'"):
        table().ordered("x")
