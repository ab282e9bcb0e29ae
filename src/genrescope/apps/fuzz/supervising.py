"""The side that does not die: start the worker, watch it, write down what it died of."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genrescope.apps.fuzz.findings import Finding, Round, read_round
from genrescope.types import GenrescopeError

SILENT_SECONDS = 120.0
"""A step that takes longer is a hang: decoders may have 60 s."""
WORKER = "genrescope.apps.fuzz.worker"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run.

    Attributes
    ----------
    mode : {'sounds', 'models'}
    seed : int
    first, last : int
        Rounds [first, last).
    files : int
        Of a round.
    samples : Path
    model : str
    seconds : float
        No round is begun after so many.
    """

    mode: str
    seed: int
    first: int
    last: int
    files: int
    samples: Path
    model: str
    seconds: float


def supervise(plan: Plan) -> Iterator[Round]:
    """Run rounds in a worker process, and go on with another where it dies or hangs.

    Raises
    ------
    GenrescopeError
        If the worker cannot even begin, or the fuzzer itself is at fault.
    """
    end = time.monotonic() + plan.seconds
    number = plan.first
    while number < plan.last and time.monotonic() < end:
        for made in _watch(plan, number, end):
            yield made
            number = made.number + 1


def _watch(plan: Plan, first: int, end: float) -> Iterator[Round]:
    told = {
        "mode": plan.mode,
        "seed": plan.seed,
        "first": first,
        "last": plan.last,
        "files": plan.files,
        "samples": str(plan.samples),
        "model": plan.model,
    }
    command = [sys.executable, "-m", WORKER, json.dumps(told)]
    folder = tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder.name)  # one that is killed clears none
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **places})
    assert worker.stdout is not None
    number, doing = first, "start"
    try:
        for line in _lines(worker.stdout.fileno()):
            event: dict[str, Any] = json.loads(line)
            doing = event.get("begin", doing)
            if "failed" in event:
                raise GenrescopeError(f"the fuzzer itself cannot start or go on: {event['failed']}")
            if "round" in event:
                yield (made := read_round(event["round"]))
                number = made.number + 1
                if time.monotonic() > end:
                    return
        code = worker.wait(SILENT_SECONDS)
        if code != 0:
            yield _fallen(number, "crash", f"exit code {code}", doing)
    except TimeoutError:
        yield _fallen(number, "hang", f"silent for {SILENT_SECONDS:g} s", doing)
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()
        folder.cleanup()


def _fallen(number: int, kind: Any, detail: str, doing: str) -> Round:
    if doing == "start":
        raise GenrescopeError(f"the process that tries the files cannot start ({detail})")
    made = Round(number, cases=1)
    made.findings.append(Finding(kind, "", (doing,), detail))
    return made


def _lines(handle: int) -> Iterator[bytes]:
    """Whole lines as they come; raises `TimeoutError` where none does for too long."""
    rest = b""
    while True:
        if not select.select([handle], [], [], SILENT_SECONDS)[0]:
            raise TimeoutError
        came = os.read(handle, 2**16)
        if not came:
            return
        *whole, rest = (rest + came).split(b"\n")
        yield from whole
