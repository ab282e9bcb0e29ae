"""``genrescope-fuzz``: hostile files through every door, and what came of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from genrescope.apps.cli import show
from genrescope.apps.fuzz.findings import Round, read_round
from genrescope.apps.fuzz.supervising import Plan, supervise
from genrescope.types import GenrescopeError, refuse

FILES_OF_A_ROUND = 48

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def fuzz_command(
    mode: Annotated[
        Literal["sounds", "models"], typer.Argument(help="Hostile sounds, or model files.")
    ] = "sounds",
    cases: Annotated[int, typer.Option(min=1, help="End after so many cases.")] = 10_000,
    seconds: Annotated[float, typer.Option(help="Begin nothing after so many seconds.")] = 3600.0,
    seed: Annotated[int, typer.Option(min=0, help="The same number makes the same files.")] = 0,
    samples: Annotated[Path, typer.Option(help="Recordings to begin with.")] = Path("samples"),
    model: Annotated[str, typer.Option(help="Which network listens.")] = "mobilenetv3_mel",
    log: Annotated[
        Path | None, typer.Option(help="Keep every round here as JSON, and go on from there.")
    ] = None,
) -> None:
    """Make hostile files and send them through library, REST API, scan and command line.

    Exit code 1 says that something was found: an error that is not Genrescope's own, a crash, a
    hang, too much memory, something left behind, or doors that do not agree.
    """
    rounds = _read_log(log)
    first = max((made.number for made in rounds), default=-1) + 1
    done = sum(made.cases for made in rounds)
    last = first + max(0, cases - done)  # a round is a case at least
    plan = Plan(mode, seed, first, last, FILES_OF_A_ROUND, samples, model, seconds)
    if done < cases:
        for made in supervise(plan):
            rounds.append(made)
            done += made.cases
            _write_log(log, made)
            for finding in made.findings:
                show.remark(
                    f"round {made.number}: {finding.kind} at {finding.door}: "
                    f"{' > '.join(finding.recipe)}: {finding.detail}"
                )
            if done >= cases:
                break
    sys.stdout.write(json.dumps(summary(rounds), indent=1) + "\n")
    if any(made.findings for made in rounds):
        raise typer.Exit(1)


def summary(rounds: list[Round]) -> dict[str, object]:
    """Figures over all rounds."""
    answers: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for made in rounds:
        answers.update(made.answers)
        kinds.update(finding.kind for finding in made.findings)
    return {
        "rounds": len(rounds),
        "cases": sum(made.cases for made in rounds),
        "findings": dict(kinds),
        "answers": dict(answers.most_common()),
        "seconds": round(sum(made.seconds for made in rounds), 1),
        "slowest_seconds": round(max((made.slowest_seconds for made in rounds), default=0.0), 2),
        "peak_mib": round(max((made.peak_bytes for made in rounds), default=0) / 2**20),
    }


def _read_log(log: Path | None) -> list[Round]:
    if log is None or not log.is_file():
        return []
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
        return [read_round(json.loads(line)) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GenrescopeError(f"{log}: not a log of genrescope-fuzz ({error})") from error


def _write_log(log: Path | None, made: Round) -> None:
    if log is None:
        return
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made.to_plain()) + "\n")
    except OSError as error:
        refuse(True, f"{log}: cannot be written ({error.strerror})", GenrescopeError)


def main() -> None:
    """Run the command line; errors become a sentence and exit code 1."""
    try:
        app()
    except GenrescopeError as error:
        show.complain(str(error))
        sys.exit(1)
