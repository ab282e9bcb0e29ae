"""``genrescope licences``: under which licences the libraries stand that are installed with it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from genrescope.apps.cli import show

EPILOG = "Example: `genrescope licences --base`"


def licences_command(
    base: Annotated[
        bool, typer.Option("--base", help="Only what every installation brings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the libraries that are installed for Genrescope, with their licences.

    As the libraries state them themselves. Genrescope's own is Apache-2.0; the models' and the
    sample recordings' stand on their cards and in samples/LICENSES.md.
    """
    from genrescope.apps.licences import EXTRAS, find_licences

    found = find_licences(() if base else EXTRAS)
    if as_json:
        rows = [{**asdict(one), "copyleft": one.copyleft} for one in found]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column in ("library", "version", "licence", "part", ""):
        table.add_column(column)
    for one in found:
        part, note = one.extra or "base", f"{one.copyleft} copyleft" if one.copyleft else ""
        table.add_row(one.name, one.version, one.licence, part, note)
    show.out().print(table)
