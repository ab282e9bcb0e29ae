"""Everything that the pages say, in every language: one TOML file a language."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from genrescope.types import GenrescopeError, Notice

DEFAULT = "en"
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Texts:
    """The sentences of one language.

    Attributes
    ----------
    language : str
        As in an HTML ``lang`` attribute.
    sentences : dict of str to str
        By dotted key; ``{name}`` stands for what is filled in.
    """

    language: str
    sentences: dict[str, str] = field(repr=False)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of that key, filled in; raises `KeyError` where there is none."""
        return self.sentences[key].format(**values)

    @property
    def chinese(self) -> bool:
        """Whether names of genres and families are shown in Chinese."""
        return self.language.startswith("zh")

    def notice(self, notice: Notice) -> str:
        """What was noticed about a sound; English as the line says it.

        A notice carries one value. Of a sentence that needs more, the other numbers are those of
        the English one, in its order.
        """
        sentence = self.sentences.get(f"notice.{notice.code}")
        if sentence is None or not self.chinese:
            return notice.message
        numbers = _NUMBER.findall(notice.message)
        try:
            return sentence.format(value=notice.value, percent=100 * notice.value, numbers=numbers)
        except IndexError:  # another version worded it otherwise
            return notice.message

    def error(self, error: GenrescopeError) -> str:
        """What went wrong: a sentence on the kind of error, and the exact words."""
        for kind in type(error).__mro__:
            lead = self.sentences.get(f"error.{kind.__name__}")
            if lead is not None:
                return f"{lead} {error}".strip()
        return str(error)


def names() -> tuple[str, ...]:
    """Languages found, the default first."""
    files = resources.files(__package__).iterdir()
    found = {entry.name.removesuffix(".toml") for entry in files if entry.name.endswith(".toml")}
    return (DEFAULT, *sorted(found - {DEFAULT}))


@lru_cache(maxsize=8)
def load(language: str) -> Texts:
    """The texts of one language.

    Raises
    ------
    GenrescopeError
        If there is none of that name.
    """
    if language not in names():
        raise GenrescopeError(f"no language {language!r}; there are: {', '.join(names())}")
    text = resources.files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Texts(tomllib.loads(text)["tag"], _flat(tomllib.loads(text), ""))


def _flat(table: dict[str, object], before: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{key}."))
        else:
            flat[f"{before}{key}"] = str(value)
    return flat


def choose(accepted: str) -> str:
    """The language that an ``Accept-Language`` header asks for, as well as there is one.

    Examples
    --------
    >>> choose("zh-CN,zh;q=0.9,en;q=0.8"), choose("fr, en;q=0.5"), choose("")
    ('zh', 'en', 'en')
    """
    ranked = []
    for place, entry in enumerate(accepted.split(",")):
        tag, _, quality = entry.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, tag.partition("-")[0].lower()))
    wanted = [tag for weight, _, tag in sorted(ranked) if weight < 0]
    return next((tag for tag in wanted if tag in names()), DEFAULT)


def of_system() -> str:
    """The language that this machine's user has set, as well as there is one."""
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    told = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    return choose(told.replace("_", "-"))
