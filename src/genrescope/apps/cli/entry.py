"""Where the command's process begins: Ctrl-C ends it in one word from its first import on."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Import the command line and run it; see `genrescope.apps.cli.main.main`."""
    try:
        from genrescope.apps.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("genrescope: stopped\n")
        sys.exit(INTERRUPTED)
    run()
