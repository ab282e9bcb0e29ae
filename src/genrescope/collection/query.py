"""A small language to ask a collection with: ``jazz > 0.6 and agreement < 0.5``.

Read into a tree and worked out with NumPy, never evaluated as code::

    question   = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" question ")" | field sign value
    field      = a genre, or probability, agreement, divergence, entropy, music, seconds,
                 genre, path
    sign       = ">" | ">=" | "<" | "<=" | "=" | "!=" | "~" (of words: holds)
    value      = number, with "%" if you like, or a word, in quotes where it has spaces
"""

from __future__ import annotations

import dataclasses
import operator
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genrescope.types import QueryError, refuse

Mask = NDArray[np.bool_]

LONGEST = 10_000
"""Letters of a question."""

DEEPEST = 50
"""Brackets and `not` within each other."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*%?(?![\w&]))
    |(?P<sign>>=|<=|!=|==|[<>=~])
    |(?P<bracket>[()])
    |"(?P<double>[^"]*)"|'(?P<single>[^']*)'
    |(?P<word>[^\W\d][\w&-]*))""",
    re.VERBOSE,
)

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}


class Columns(Protocol):
    """What a question is worked out on."""

    def __len__(self) -> int: ...

    def numbers(self, field: str) -> NDArray[np.float64] | None:
        """Numbers of that name, shape (files,), or None where there are none."""
        ...

    def words(self, field: str) -> tuple[str, ...] | None:
        """Words of that name, one a file, or None where there are none."""
        ...

    def choices(self, field: str) -> tuple[str, ...] | None:
        """The only words that can stand under that name, or None where any can."""
        ...

    def fields(self) -> tuple[str, ...]:
        """Every name that can be asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Compare:
    """One field against one value."""

    field: str
    sign: str
    value: float | str
    text: str = dataclasses.field(default="", repr=False, compare=False)
    """A number as it was written: a path or a year may hold it."""


@dataclass(frozen=True, slots=True)
class Not:
    """What a part does not hold for."""

    part: Question


@dataclass(frozen=True, slots=True)
class Both:
    """Every part."""

    parts: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any part."""

    parts: tuple[Question, ...]


Question = Compare | Not | Both | Either


def parse(text: str) -> Question:
    """Read a question.

    Raises
    ------
    QueryError
        If it cannot be read, with where.

    Examples
    --------
    >>> parse("jazz > 60%")
    Compare(field='jazz', sign='>', value=0.6)
    """
    refuse(len(text) > LONGEST, f"a question of more than {LONGEST} letters", QueryError)
    return _Reader(text).read()


class _Reader:
    """Reads one question from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text), ("end", "", len(text))]
        self._at = 0
        self._depth = 0

    def read(self) -> Question:
        question = self._either()
        if self._kind() != "end":
            raise self._wrong("`and`, `or` or the end")
        return question

    def _either(self) -> Question:
        parts = [self._both()]
        while self._skip_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Question:
        parts = [self._one()]
        while self._skip_word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Question:
        self._depth += 1
        refuse(self._depth > DEEPEST, "the question is nested too deep", QueryError)
        try:
            if self._skip_word("not"):
                return Not(self._one())
            if self._tokens[self._at][:2] == ("bracket", "("):
                self._at += 1
                inner = self._either()
                if self._tokens[self._at][:2] != ("bracket", ")"):
                    raise self._wrong("a closing bracket")
                self._at += 1
                return inner
            return self._compare()
        finally:
            self._depth -= 1

    def _compare(self) -> Question:
        field = self._take(("word", "text"), "a genre or another field")
        sign = self._take(("sign",), "one of > >= < <= = != ~")
        kind = self._kind()
        value = self._take(("number", "word", "text"), "a number or a word")
        if kind != "number":
            return Compare(field, sign, value)
        share = value.rstrip()
        number = float(share.rstrip("% ")) / (100 if share.endswith("%") else 1)
        return Compare(field, sign, number, share)

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _skip_word(self, word: str) -> bool:
        kind, text, _ = self._tokens[self._at]
        there = kind == "word" and text.lower() == word
        self._at += there
        return there

    def _take(self, kinds: tuple[str, ...], wanted: str) -> str:
        kind, text, _ = self._tokens[self._at]
        if kind not in kinds:
            raise self._wrong(wanted)
        self._at += 1
        return text

    def _wrong(self, wanted: str) -> QueryError:
        return _cannot_read(self._text, self._tokens[self._at][2], wanted)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _cannot_read(text, at, "a genre, a number, a sign or a bracket")
        kind = str(found.lastgroup)
        yield "text" if kind in ("double", "single") else kind, found[kind], found.start(kind)
        at = found.end()


def _cannot_read(text: str, at: int, wanted: str) -> QueryError:
    rest = text[at:].strip()
    where = f"at {rest[:30]!r}" if rest else "at its end"
    return QueryError(
        f"the question makes no sense {where}: expected {wanted}. "
        "For example: jazz > 0.6 and agreement < 0.5"
    )


def answer(question: Question, columns: Columns) -> Mask:
    """Which files it holds for, shape (files,).

    Raises
    ------
    QueryError
        If a field or a genre is not there, or a word is compared where a number belongs.
    """
    if isinstance(question, Not):
        return ~answer(question.part, columns)
    if isinstance(question, Both):
        return np.asarray(np.all([answer(part, columns) for part in question.parts], axis=0))
    if isinstance(question, Either):
        return np.asarray(np.any([answer(part, columns) for part in question.parts], axis=0))
    return _compared(question, columns)


def _compared(one: Compare, columns: Columns) -> Mask:
    numbers = columns.numbers(one.field)
    if numbers is not None:
        refuse(
            isinstance(one.value, str) or one.sign == "~",
            f"{one.field} is a number: ask for example {one.field} > 0.5",
            QueryError,
        )
        return np.asarray(_SIGNS[one.sign](numbers, one.value), dtype=bool)
    words = columns.words(one.field)
    if words is None:
        raise QueryError(f"no field {one.field!r}; there are: {', '.join(columns.fields())}")
    wanted = _folded(one.text or str(one.value))
    if one.sign == "~":
        return np.array([wanted in _folded(word) for word in words], dtype=bool)
    refuse(
        one.sign not in ("=", "==", "!=") or not isinstance(one.value, str),
        f"{one.field} is a word: ask for example {one.field} = jazz, or {one.field} ~ jazz",
        QueryError,
    )
    choices = columns.choices(one.field)
    if choices is not None and wanted not in map(_folded, choices):
        raise QueryError(f"no {one.field} {str(one.value)!r}; there are: {', '.join(choices)}")
    same = np.array([_folded(word) == wanted for word in words], dtype=bool)
    return ~same if one.sign == "!=" else same


def _folded(word: str) -> str:
    """Without case, and accents one way: Macs write names with theirs apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
