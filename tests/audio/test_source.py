"""Names as people are shown them."""

from __future__ import annotations

import pytest

from genrescope.audio.source import shown

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PILOT = "\U0001f469\U0001f3fd\u200d\u2708\ufe0f"
RAINBOW = "\U0001f3f3\ufe0f\u200d\U0001f308"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "song.mp3",
        "周杰伦\u3000晴天.mp3",
        "Prix\u00a0: 5\u202f€.flac",
        f"{FAMILY} {PILOT} {RAINBOW}.ogg",
    ],
)
def test_names_that_people_write_stay_as_they_are(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("gpj.\u202egnos", r"gpj.\u202egnos"),
        ("\u2066a\u2069\u200e", r"\u2066a\u2069\u200e"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("a\u200db", r"a\u200db"),
        ("\u200d\U0001f468\u200d", r"\u200d" + "\U0001f468" + r"\u200d"),
        ("st\udcffray", r"st\udcffray"),
    ],
)
def test_what_moves_the_cursor_or_hides_is_an_escape(name: str, plain: str) -> None:
    assert shown(name) == plain
    assert shown(plain) == plain
