"""The page on speed: written from figures, which are kept beside it as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from genrescope.apps.bench.parts import PARTS, Part
from genrescope.apps.bench.suite import Measured
from genrescope.apps.bench.timing import Row
from genrescope.models.whole import write_whole
from genrescope.types import GenrescopeError

COLUMNS = ("step", "ours (ms)", "beside", "its (ms)", "its / ours", "least–greatest", "note")
FORMAT = 1


@dataclass(slots=True)
class Figures:
    """All that was measured, and on what.

    Attributes
    ----------
    machine : dict of str to str
    command : str
        What measured it, as one would type it.
    date : str
    load : float or None
        Programs that wanted a processor before the first part began.
    parts : dict of str to Measured
        By `Part.name`.
    """

    machine: dict[str, str]
    command: str
    date: str
    load: float | None = None
    parts: dict[str, Measured] = field(default_factory=dict)

    def write(self, page: Path) -> None:
        """Write the page, and the figures beside it, each whole or not at all.

        Raises
        ------
        ModelError
            If they cannot be written.
        """
        plain = {"format": FORMAT, **asdict(self)}
        write_whole(beside(page), (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode())
        write_whole(page, "\n".join(self.lines(beside(page).name)).encode())

    def lines(self, name: str) -> list[str]:
        """The page as Markdown; `name` is the file of its figures."""
        return [
            "# Benchmarks",
            "",
            f"Written by `{self.command}` on {self.date}; its figures are in [{name}]({name}). Ours"
            " and the other are measured in turn in the same run; times are medians, the ratio is"
            " the median of the pairs with its least and greatest. Read the ratios: machines"
            " differ.",
            "",
            *_machine(self.machine, self.load),
            *self._losses(),
            *(line for part in PARTS for line in _part(part, self.parts.get(part.name))),
        ]

    def _losses(self) -> list[str]:
        """What others do faster or smaller, and what cannot be told apart."""
        rivals = [
            (part, row)
            for part in PARTS
            if part.rivals and part.name in self.parts
            for row in self.parts[part.name].rows
            if row.theirs
        ]
        lost = [(part, row) for part, row in rivals if row.ratio < 1]
        even = [(part, row) for part, row in rivals if row.low < 1 <= row.ratio]
        lines = [
            "## Where we lose",
            "",
            f"Of {len(rivals)} comparisons with others' software {len(lost)} are lost"
            f" (its / ours below 1){':' if lost else '.'}",
            "",
            *(_loss(part, row) for part, row in lost),
            *([""] if lost else []),
        ]
        if even:
            named = ", ".join(f"{row.name} beside {row.theirs}" for _, row in even)
            lines += [f"Won by the median, lost in at least one pair: {named}.", ""]
        return lines


def _loss(part: Part, row: Row) -> str:
    times = 1 / row.ratio if row.ratio else float("inf")
    what = "memory or size" if row.unit == "MB" else "time"
    return f"- {part.title}: {row.name} takes {times:.2f} × the {what} of {row.theirs}."


def beside(page: Path) -> Path:
    """Where a page's figures are."""
    return page.with_suffix(".json")


def read_figures(page: Path) -> Figures:
    """Read a page's figures again, to go on with them.

    Raises
    ------
    GenrescopeError
        If they are not there, or not figures.
    """
    path = beside(page)
    try:
        plain: Any = json.loads(path.read_text(encoding="utf-8"))
        if plain.pop("format") != FORMAT:
            raise ValueError("another format")
        parts = {
            name: Measured(**{**one, "rows": [Row(**row) for row in one["rows"]]})
            for name, one in plain.pop("parts").items()
        }
        return Figures(**plain, parts=parts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise GenrescopeError(
            f"{path}: no figures to go on with ({error}); measure all: genrescope bench --all"
        ) from error


def cells(row: Row) -> list[str]:
    """A row as the columns have it."""
    there = bool(row.theirs)
    unit = "" if row.unit == "ms" else f" {row.unit}"
    return [
        row.name,
        f"{row.ours_ms:.2f}{unit}",
        row.theirs,
        f"{row.theirs_ms:.2f}{unit}" if there else "",
        f"{row.ratio:.2f}" if there else "",
        _spread(row) if there else "",
        row.note,
    ]


def _spread(row: Row) -> str:
    """The least and the greatest ratio, where there is more than one."""
    return "one pair" if row.low == row.high else f"{row.low:.2f}–{row.high:.2f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown, and an empty line."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows),
        "",
    ]


def _machine(machine: Mapping[str, str], load: float | None) -> list[str]:
    absent = [name for name, told in machine.items() if told == "–"]
    there = [(name, told) for name, told in machine.items() if told != "–"]
    lines = ["## The machine", "", *table(("what", "which"), there)]
    if load is not None:
        lines += [f"Before it began {load:.1f} programs wanted a processor (load average).", ""]
    if absent:
        lines += [f"Not installed, and so not measured beside: {', '.join(absent)}.", ""]
    return lines


def _part(part: Part, measured: Measured | None) -> list[str]:
    head = [f"## {part.title}", ""]
    if measured is None:
        more = f"`genrescope bench --all --part {part.name}` measures it and keeps the rest."
        return [*head, f"Not measured yet: {more}", ""]
    if measured.missing:
        return [*head, part.says, "", f"Left out: {measured.missing}.", ""]
    remark = [measured.remark, ""] if measured.remark else []
    return [*head, part.says, "", *remark, *table(COLUMNS, [cells(row) for row in measured.rows])]
