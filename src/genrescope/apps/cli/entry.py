"""Where the command's process begins: Ctrl-C ends it in one word from its first import on."""

from __future__ import annotations

import codecs
import json
import os
import sys
from pathlib import Path

INTERRUPTED = 130
SPELT = "genrescope-spelt"
"""How standard streams write what their encoding does not hold."""
_BLOCKS = ("\u2580", "\u259f")


def main() -> None:
    """Import the command line and run it; see `genrescope.apps.cli.main.main`."""
    ready_streams()
    try:
        from genrescope.apps.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("genrescope: stopped\n")
        sys.exit(INTERRUPTED)
    run()


def ready_streams() -> None:
    """Have three standard streams that take every text, and a terminal that has a width.

    A stream that was closed (``>&-``) becomes the null device: a file opened later would get its
    number, and what libraries write to standard error with it. Streams in another encoding than
    UTF-8 spell what that does not hold; see `spell`.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - kept
    codecs.register_error(SPELT, spell)
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
        if encoding != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=SPELT)
    if os.environ.get("COLUMNS", "").strip("0 ") == "":
        os.environ.pop("COLUMNS", None)  # no width at all would show nothing at all


def spell(error: UnicodeError) -> tuple[str, int]:
    r"""What stands for characters that an encoding does not hold: ``#`` for bars, else escapes.

    The escapes are JSON's, so that JSON stays what it was.

    >>> "50 % \u2588\u258c \u4e2d".encode("ascii", SPELT)  # doctest: +SKIP
    b'50 % ## \\u4e2d'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    told = ("#" if _BLOCKS[0] <= c <= _BLOCKS[1] else json.dumps(c)[1:-1] for c in missing)
    return "".join(told), error.end
