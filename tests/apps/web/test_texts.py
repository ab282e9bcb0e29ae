"""Every sentence in every language, and the language that a browser asks for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import genrescope
from genrescope.apps.web import texts
from genrescope.audio import BandPass, BandStop, Change, Denoise, Gap, KeptBand, Trim
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


def codes_raised() -> set[str]:
    """The codes of all notices that are made anywhere in the package."""
    found = set()
    for path in Path(genrescope.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id == "Notice" and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_notice_has_a_chinese_sentence() -> None:
    chinese = BOTH[1].sentences
    told = {key.removeprefix("notice.") for key in chinese if key.startswith("notice.")}
    assert {"truncated", "joined", "gap"} <= codes_raised()
    assert codes_raised() == told


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (KeptBand(100, 16000), "保留 100 至 16000 Hz"),
        (Denoise(12.5), "降低 12.5 dB"),
        (Trim(-60.5), "低于 -60.5 dB"),
        (BandStop(60, 250), "去掉了 60 至 250 Hz"),
        (BandPass(0.5, 3e6), "只保留了 0.5 至 3e+06 Hz"),
        (Gap(2, 4.25), "2 至 4.25 秒已静音"),
    ],
)
def test_changes_are_told_whole_in_chinese(change: Change, says: str) -> None:
    assert says in BOTH[1].notice(change.notice())


def test_a_notice_in_other_words_than_ours_stays_as_it_is() -> None:
    foreign = Notice("gap", "silenced in the middle", 2.0)
    assert BOTH[1].notice(foreign) == "silenced in the middle"


def test_chinese_sentences_hold_for_every_case_of_a_notice() -> None:
    chinese = BOTH[1]
    truncated = chinese.notice(Notice("truncated", "parts are damaged or missing", 200.0))
    assert "损坏或缺失" in truncated
    assert "提前结束" not in truncated
    low = chinese.notice(Notice("band-limited", "a rate of 8000 Hz", 4000.0))
    assert "4000 Hz" in low
    assert "采样率低" in low
    few = chinese.notice(Notice("out-of-scale", "12 samples … were limited", 12.0))
    assert "或截去" in few
