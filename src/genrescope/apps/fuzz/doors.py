"""The four ways in, each of them trying the same files: `Doors`."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from genrescope.apps.fuzz.findings import (
    CALLED,
    SCANNED,
    SERVED,
    TYPED,
    Case,
    Finding,
    FindingKind,
    Round,
)
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.types import GenrescopeError

ANSWERED = "answered"
HOME = "http://127.0.0.1:8000"
ROUTES = ("timeline", "spectrogram", "spectrogram?form=npy", "explain?method=cam")
MOST_SECONDS = 60.0
SAME = frozenset([200, 422])
"""What a server may answer to a file that it was able to look at."""


class Doors:
    """Library, server and command line made ready once. A context manager's work is `close`.

    Parameters
    ----------
    model : str
    """

    def __init__(self, model: str) -> None:
        from starlette.testclient import TestClient

        from genrescope.apps.api.app import create_app
        from genrescope.apps.serving import Settings, Studio

        self._model = model
        self._classifier = Classifier(load_models([model]))
        settings = Settings(workers=1, limit_seconds=MOST_SECONDS)
        self._studio = Studio([model], settings)
        app = create_app(self._studio, settings)
        self._http = TestClient(app, base_url=HOME, raise_server_exceptions=False)
        self._http.__enter__()

    def close(self) -> None:
        """Stop the server."""
        self._http.__exit__(None, None, None)

    def scan(
        self, folder: Path, store: Path, cases: Sequence[Case], told: Round
    ) -> dict[bytes, bool]:
        """Scan a folder of cases; by name, which were taken."""
        from genrescope.collection import scanning
        from genrescope.collection.stores import open_store

        by_name = {case.name: case for case in cases}
        taken: dict[bytes, bool] = {}
        terms = scanning.Terms(workers=1, limit_seconds=MOST_SECONDS)
        with open_store(store) as opened:
            seats = scanning.seats_of(self._classifier, terms)
            agenda = scanning.plan([str(folder)], opened, seats)
            began = time.monotonic()
            for outcome in scanning.scan(self._classifier, opened, agenda, terms):
                name = os.path.basename(outcome.file.path)  # noqa: PTH119 - bytes
                failure = outcome.failure
                told.count(
                    f"refused: {failure.stage}" if failure else ANSWERED, time.monotonic() - began
                )
                began = time.monotonic()
                taken[name] = failure is None
                if failure and failure.stage in ("crash", "time", "network"):
                    bad: FindingKind = "hang" if failure.stage == "time" else "crash"
                    told.findings.append(
                        Finding(bad, SCANNED, by_name[name].recipe, failure.reason)
                    )
        return taken

    def call(self, path: str, case: Case, told: Round) -> bool:
        """The library's own function on one file; whether it took it."""
        return self._try(lambda: self._classifier.classify(path) and None, CALLED, case, told)

    def serve(self, case: Case, told: Round, generator: np.random.Generator) -> bool | None:
        """One request; whether the server took the file, None where it was asked otherwise."""
        route = "classify"
        if generator.random() < 0.25:
            route = ROUTES[int(generator.integers(len(ROUTES)))]
        name = quote(case.name, safe="")
        url = f"/api/v1/{route}{'&' if '?' in route else '?'}name={name}"
        began = time.monotonic()
        answer = self._http.post(url, content=case.content)
        seconds = time.monotonic() - began
        kind = "" if answer.is_success else str(answer.json().get("type", "")).rpartition("/")[2]
        told.count(f"HTTP {answer.status_code} {kind}".strip(), seconds)
        if answer.status_code not in SAME:
            bad: FindingKind = "hang" if answer.status_code == 504 else "traceback"
            told.findings.append(Finding(bad, SERVED, case.recipe, f"{route}: {answer.text[:300]}"))
        crash = "process that decodes" in answer.text[:2000] and answer.status_code == 422
        if crash:
            told.findings.append(Finding("crash", SERVED, case.recipe, answer.text[:300]))
        return answer.is_success if route == "classify" else None

    def type(self, names: Sequence[str], cases: Sequence[Case], told: Round) -> dict[bytes, bool]:
        """``genrescope classify --json`` on all files at once, in the folder where they lie."""
        from genrescope.apps.cli.main import main

        arguments = ["classify", "--json", "--model", self._model, "--", *names]
        said, complaints = _Bytes(), _Bytes()
        began = time.monotonic()
        code = self._run(lambda: main(arguments), said, complaints, cases[0], told)
        lines = [json.loads(line) for line in said.text().splitlines()]
        each = (time.monotonic() - began) / max(1, len(lines))
        taken: dict[bytes, bool] = {}
        for case, line in zip(cases, lines, strict=False):
            taken[case.name] = "error" not in line
            told.count(ANSWERED if "error" not in line else "refused: told", each)
        wrong = len(lines) != len(cases) or code not in (0, 1)
        if wrong:
            detail = f"{len(lines)} lines for {len(cases)} files, exit code {code}"
            told.findings.append(
                Finding("traceback", TYPED, (), f"{detail}: {complaints.text()[-300:]}")
            )
        return taken

    def type_other(self, name: str, case: Case, told: Round, number: int) -> None:
        """Another command on one file."""
        from genrescope.apps.cli.main import main

        commands = (["timeline", "--json"], ["explain", "--json"], ["classify", "--windows", "3"])
        arguments = [*commands[number % len(commands)], "--model", self._model, "--", name]
        said, complaints = _Bytes(), _Bytes()
        began = time.monotonic()
        code = self._run(lambda: main(arguments), said, complaints, case, told)
        told.count(ANSWERED if code == 0 else "refused: told", time.monotonic() - began)
        if code not in (0, 1) or (code == 1 and "genrescope:" not in complaints.text()):
            detail = f"{arguments[0]}: exit code {code}: {complaints.text()[-300:]}"
            told.findings.append(Finding("traceback", TYPED, case.recipe, detail))

    def _run(
        self, call: Callable[[], None], said: _Bytes, complaints: _Bytes, case: Case, told: Round
    ) -> Any:
        try:
            with redirect_stdout(said), redirect_stderr(complaints):
                call()
        except SystemExit as error:
            return error.code or 0
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            told.findings.append(Finding("traceback", TYPED, case.recipe, repr(error)[:300]))
        return 0

    def _try(self, call: Callable[[], object], door: str, case: Case, told: Round) -> bool:
        began = time.monotonic()
        try:
            call()
        except GenrescopeError as error:
            told.count(f"refused: {type(error).__name__}", time.monotonic() - began)
            return False
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            told.count("traceback", time.monotonic() - began)
            told.findings.append(Finding("traceback", door, case.recipe, repr(error)[:300]))
            return False
        told.count(ANSWERED, time.monotonic() - began)
        return True


class _Bytes(io.TextIOWrapper):
    """A standard output kept in memory, with bytes below the text as the real one has them."""

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8", errors="surrogateescape", write_through=True)

    def text(self) -> str:
        """All that was written."""
        self.flush()
        return self._kept.getvalue().decode("utf-8", "replace")
