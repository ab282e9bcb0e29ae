"""The card as JSON: strict in both directions."""

from __future__ import annotations

import json
import math
import re
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from genrescope.types import CARD_FORMAT, CardError, GenrescopeError, ModelCard

T = TypeVar("T")

LIMIT_BYTES = 2**20
"""A longer card is refused."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that command a terminal, or turn the direction of what follows."""


def card_to_json(card: ModelCard) -> str:
    """A card as one JSON object, keys in the order of the fields.

    Raises
    ------
    CardError
        If the card holds what `card_from_json` would refuse, e.g. a number that is not finite.
    """
    try:
        text = json.dumps(_plain(card), ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise CardError(f"the card cannot be written as JSON: {error}") from error
    card_from_json(text)
    return text


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def card_from_json(text: str) -> ModelCard:
    """Read a card.

    Raises
    ------
    CardError
        If it is no JSON object, of another format version, too long, or if a key is unknown,
        missing or of the wrong type; the message says where.

    Examples
    --------
    >>> card_from_json('{"format_version": 99}')
    Traceback (most recent call last):
    genrescope.types.errors.CardError: card format 99 is unknown here (this version reads 1): ...
    """
    if len(text.encode("utf-8", "replace")) > LIMIT_BYTES:
        raise CardError(f"the card is longer than {LIMIT_BYTES} bytes")
    try:
        table = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise CardError(f"the card is no JSON that can be read: {error}") from error
    if not isinstance(table, dict):
        raise CardError("the card is no JSON object")
    if "format_version" not in table:
        raise CardError("card: missing 'format_version'")
    version = table["format_version"]
    if version != CARD_FORMAT:
        raise CardError(
            f"card format {version} is unknown here (this version reads {CARD_FORMAT}): "
            "install a Genrescope that knows it"
        )
    return read_record(ModelCard, table, "card")


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number that a card may hold")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(map(repr, twice))} stands there twice")
    return table


def read_record(kind: type[T], table: Any, where: str) -> T:
    """Read one dataclass of a card from plain data.

    Parameters
    ----------
    kind : type
        A dataclass of strings, numbers, tuples and further dataclasses.
    table : object
        What JSON or TOML gave.
    where : str
        What to call it in a message.

    Raises
    ------
    CardError
        If it is no table, or a key is unknown, missing or of the wrong type.
    """
    if not isinstance(table, dict):
        raise CardError(f"{where}: expected an object, found {type(table).__name__}")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise CardError(f"{where}: unknown {', '.join(map(repr, unknown))}")
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in needed if name not in table]
    if missing:
        raise CardError(f"{where}: missing {', '.join(map(repr, missing))}")
    hints = typing.get_type_hints(kind)
    read = {name: _value(hints[name], table[name], f"{where}.{name}") for name in table}
    try:
        return kind(**read)
    except CardError:
        raise
    except (GenrescopeError, ArithmeticError) as error:  # figures may be too large to reckon with
        raise CardError(f"{where}: {error}") from error


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # of something and None
        return None if value is None else _value(arguments[0], value, where)
    if is_dataclass(kind):
        return read_record(typing.cast("type[Any]", kind), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise CardError(f"{where}: expected a list, found {type(value).__name__}")
        return tuple(_value(arguments[0], entry, f"{where}[{i}]") for i, entry in enumerate(value))
    if origin is typing.Literal:
        if value not in arguments:
            raise CardError(f"{where}: {value!r} is none of {', '.join(map(repr, arguments))}")
        return value
    return _scalar(kind, value, where)


def _scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, where)
    if isinstance(value, kind) and not isinstance(value, bool):
        if isinstance(value, str):
            _check_unicode(value, where)
        return value
    raise CardError(f"{where}: expected {kind.__name__}, found {type(value).__name__}")


def _finite(value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise CardError(f"{where}: expected a finite number")
    return number


def _check_unicode(value: str, where: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CardError(f"{where}: not a text that can be written down: {error}") from error
    if _CONTROLS.search(value):
        raise CardError(f"{where}: not a text: it holds control characters")
