"""The process that runs rounds, and may crash: ``python -m genrescope.apps.fuzz.worker``.

It is told what to do as one JSON object, its only argument, and answers with JSON lines on its
standard output: what it begins, and what came of it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES = 12 * 2**30
"""Address space: more than this is asked for only by what is out of hand."""


def main() -> None:
    """Run the rounds that the argument names."""
    told = json.loads(sys.argv[1])
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # decoders write there
    os.dup2(nowhere, 2)
    _limit()

    def send(event: str, value: Any) -> None:
        lines.write(json.dumps({event: value}) + "\n")
        lines.flush()

    try:
        if told["mode"] == "models":
            _run_models(told, send)
        else:
            _run_sounds(told, send)
    except Exception as error:
        send("failed", repr(error))
        raise


def _run_sounds(told: dict[str, Any], send: Any) -> None:
    from genrescope.apps.fuzz.doors import Doors
    from genrescope.apps.fuzz.making import Maker
    from genrescope.apps.fuzz.rounds import run_round

    send("begin", "start")
    maker, doors = Maker(Path(told["samples"])), Doors(told["model"])
    try:
        for number in range(told["first"], told["last"]):

            def say(what: str, number: int = number) -> None:
                send("begin", f"round {number}: {what}")

            made = run_round(number, told["seed"], told["files"], maker, doors, say)
            send("round", made.to_plain())
    finally:
        doors.close()


def _run_models(told: dict[str, Any], send: Any) -> None:
    from genrescope.apps.fuzz.networks import run_models

    send("begin", "start")
    for number in range(told["first"], told["last"]):

        def say(what: str, number: int = number) -> None:
            send("begin", f"round {number}: {what}")

        send(
            "round", run_models(number, told["seed"], told["files"], told["model"], say).to_plain()
        )


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    main()
