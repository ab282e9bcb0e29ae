"""What a scan does, said to people or to programs: `Report`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genrescope.apps.cli import show

if TYPE_CHECKING:
    from genrescope.collection.scanning import Agenda, Outcome


def place_of(store: str | None) -> list[str]:
    """The option that names the same store again; a password is left out."""
    from genrescope.collection.stores import public_name

    return [] if store is None else ["--store", public_name(store)]


class Report:
    """Says what a scan does: lines for people on standard error, or events on standard output."""

    def __init__(self, agenda: Agenda, as_json: bool, store: str | None) -> None:
        self.agenda = agenda
        self._place = place_of(store)
        self.counts: Counter[str] = Counter()
        self._json = as_json
        self._began = time.monotonic()

    def begin(self) -> None:
        """What is to be done."""
        agenda = self.agenda
        counts = {
            "to_do": len(agenda.pending),
            "unchanged": agenda.unchanged,
            "failed_before": agenda.failed_before,
            "gone": len(agenda.gone),
        }
        for path, reason in agenda.unread:
            self._say(
                {"event": "unread", "path": os.fsdecode(path), "reason": reason},
                f"could not be looked into: {_line(path)} ({reason})",
            )
        text = f"{_many(len(agenda.pending))} to do, {agenda.unchanged:,} unchanged"
        if agenda.failed_before:
            text += f", {agenda.failed_before:,} failed before (--retry tries them again)"
        if agenda.gone:
            text += f", {len(agenda.gone):,} no longer there"
        self._say({"event": "begin", **counts}, text)

    def write(self, outcome: Outcome) -> None:
        """What became of a file."""
        self.counts[outcome.kind] += 1
        self.counts["moved"] += outcome.moved_from is not None
        failure = outcome.failure
        text = f"{outcome.file.name}: {failure.reason}" if failure is not None else ""
        self._say(event_of(outcome), text)

    def name_of(self, outcome: Outcome) -> str:
        """The file's own name, on one line."""
        return Path(outcome.file.name).name

    def end(self, stopped: bool) -> None:
        """What was done, and how to go on."""
        seconds = time.monotonic() - self._began
        done = sum(self.counts[kind] for kind in ("analysed", "recognised", "failed"))
        event = {
            "event": "end",
            "stopped": stopped,
            "seconds": round(seconds, 3),
            **{k: self.counts[k] for k in ("analysed", "recognised", "moved", "failed")},
        }
        rate = f", {done / seconds:.1f} a second" if done and seconds > 0 else ""
        text = f"{self.counts['analysed']:,} analysed, {self.counts['recognised']:,} recognised"
        text += f" ({self.counts['moved']:,} moved)" if self.counts["moved"] else ""
        text += f", {self.counts['failed']:,} failed in {seconds:.1f} s{rate}"
        self._say(event, text)
        if stopped:
            left = len(self.agenda.pending) - done
            self._say(None, f"stopped: {_many(left)} left; the same command goes on")
        elif not self._json and done:
            self._say(None, "now try: " + shlex.join(["genrescope", "stats", *self._place]))

    def _say(self, event: dict[str, Any] | None, text: str) -> None:
        if self._json:
            if event is not None:
                sys.stdout.write(json.dumps(event) + "\n")
                sys.stdout.flush()
        elif text:
            show.remark(text)


def event_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as what `json` can write; stray bytes of names stay escapes."""
    event: dict[str, Any] = {"event": outcome.kind, "path": os.fsdecode(outcome.file.path)}
    if outcome.failure is not None:
        event |= {"stage": outcome.failure.stage, "reason": outcome.failure.reason}
    elif outcome.result is not None:
        genre, probability = outcome.result.top(1)[0]
        event |= {"genre": genre, "probability": round(probability, 4)}
    elif outcome.moved_from is not None:
        event["moved_from"] = os.fsdecode(outcome.moved_from)
    return event


def _line(path: bytes) -> str:
    from genrescope.audio.source import shown

    return shown(os.fsdecode(path))


def _many(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"
