"""Every sentence in every language, and the language that a browser asks for."""

from __future__ import annotations

import re

import pytest

from genrescope.apps.web import texts
from genrescope.types import DecodeError, GenrescopeError, Notice, TooLargeError

BOTH = [texts.load(name) for name in texts.names()]


def test_english_and_chinese() -> None:
    assert texts.names() == ("en", "zh")
    assert [one.language for one in BOTH] == ["en", "zh-CN"]
    with pytest.raises(GenrescopeError, match="no language 'tlh'"):
        texts.load("tlh")


def test_the_same_sentences_with_the_same_blanks() -> None:
    english, chinese = (
        {k: v for k, v in one.sentences.items() if not k.startswith("error.")} for one in BOTH
    )
    assert set(english) == set(chinese)
    for key, sentence in english.items():
        blanks = re.findall(r"{(\w+)", sentence)
        assert sorted(blanks) == sorted(re.findall(r"{(\w+)", chinese[key])), key
        assert sentence.strip()
        assert chinese[key].strip()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB", "en"),
        ("de, zh-TW;q=0.7, en;q=0.3", "zh"),
        ("zh;q=0, en", "en"),
        ("zh;q=huge", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_the_language_asked_for(header: str, language: str) -> None:
    assert texts.choose(header) == language


def test_notices_and_errors() -> None:
    english, chinese = BOTH
    short = Notice("short", "1.5 s of sound, repeated", 1.5)
    assert english.notice(short) == "1.5 s of sound, repeated"
    assert "1.5 秒" in chinese.notice(short)
    assert chinese.notice(Notice("new", "something new", 0.0)) == "something new"
    broken = DecodeError("x.mp3: not a sound file")
    assert english.error(broken) == "x.mp3: not a sound file"
    assert chinese.error(broken) == "这不是能读的声音文件。 x.mp3: not a sound file"
    assert chinese.error(TooLargeError("60 MB")).startswith("文件太大。")
