"""``.genrescopeignore``: which files and folders of a library are passed over."""

from __future__ import annotations

import re
from dataclasses import dataclass

IGNORE_FILE = ".genrescopeignore"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of such a file.

    Attributes
    ----------
    pattern : re.Pattern of str
        Matched against the path below the folder that the file lies in, with ``/`` between names.
    folders_only : bool
    keep : bool
        The line began with ``!``: what it matches is not passed over after all.
    """

    pattern: re.Pattern[str]
    folders_only: bool
    keep: bool


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read lines as ``.gitignore`` has them: ``*``, ``?``, ``**``, ``/``, ``!`` and ``#``.

    Examples
    --------
    >>> rules = read_rules("*.wav" + chr(10) + "!keep.wav")
    >>> judge("a/loop.wav", False, rules), judge("a/keep.wav", False, rules)
    (True, False)
    """
    rules = []
    for line in text.splitlines():
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        keep = body.startswith("!")
        body = body[keep:]
        folders_only = body.endswith("/")
        body = body.rstrip("/")
        anchored = "/" in body
        body = body.lstrip("/")
        if body:
            head = "" if anchored else "(?:.*/)?"
            pattern = re.compile(head + _expression(body), re.DOTALL)
            rules.append(Rule(pattern, folders_only, keep))
    return tuple(rules)


def judge(path: str, is_folder: bool, rules: tuple[Rule, ...], verdict: bool = False) -> bool:
    """Whether `path` is passed over: the last rule that matches says, or else `verdict` stands.

    Parameters
    ----------
    path : str
        Below the rules' folder, with ``/`` between names.
    is_folder : bool
    rules : tuple of Rule
    verdict : bool
        What rules further out said.
    """
    for rule in rules:
        if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path):
            verdict = not rule.keep
    return verdict


def _expression(body: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", body)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(part, re.escape(part)) for part in parts)
