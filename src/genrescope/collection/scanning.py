"""Scanning a library: what is new goes to an engine for files, what it finds to a store.

Every file is kept when it is done, by itself: what stops a run costs what was in flight, and the
same run again goes on behind it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

from genrescope.audio import ALL_WINDOWS, WindowChoice
from genrescope.classification.classifier import Classifier
from genrescope.collection import engines
from genrescope.collection.crew import LIMIT_SECONDS, MEMORY_BYTES
from genrescope.collection.drawing import Order, Task
from genrescope.collection.stores import Store
from genrescope.collection.values import FileState, Seat, analyses_of, seat_of
from genrescope.collection.walking import Reach, Walk, walk
from genrescope.types import Comparison, Failure, Prediction


@dataclass(frozen=True, slots=True)
class Terms:
    """How a library is scanned.

    Attributes
    ----------
    workers : int
        Decoding processes on a machine.
    limit_seconds : float
        Work on one file after which it is a failure.
    memory_bytes : int
        Address space of a worker.
    windows : WindowChoice
    keep_windows : bool
        Whether the store keeps every window's probabilities, too.
    retry : bool
        Whether files that failed and have not changed are tried again.
    engine : str
        What works through the files; see `genrescope.collection.engines`.
    address : str
        Of a cluster, where that engine needs one.
    """

    workers: int = 1
    limit_seconds: float = LIMIT_SECONDS
    memory_bytes: int = MEMORY_BYTES
    windows: WindowChoice = ALL_WINDOWS
    keep_windows: bool = False
    retry: bool = False
    engine: str = engines.DEFAULT
    address: str = ""


@dataclass(slots=True)
class Stop:
    """A way to ask a scan to finish what is in flight and begin nothing new."""

    asked: bool = False

    def is_set(self) -> bool:
        """Whether it was asked, as a `threading.Event` says it."""
        return self.asked


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a walk and a store say is to be done.

    Attributes
    ----------
    pending : list of FileState
    unchanged, failed_before : int
        Files passed over because they stand as they stood.
    gone : tuple of bytes
        Paths below the roots that are no longer there.
    unread : list of (bytes, str)
        Folders and files that could not be looked into, with the reason.
    """

    pending: list[FileState]
    unchanged: int = 0
    failed_before: int = 0
    gone: tuple[bytes, ...] = ()
    unread: list[tuple[bytes, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    file : FileState
    kind : {'analysed', 'recognised', 'failed'}
        ``recognised``: its content was known, whatever it was called.
    result : Prediction or Comparison, optional
    failure : Failure, optional
    moved_from : bytes, optional
        Where the same content lay before, and lies no longer.
    """

    file: FileState
    kind: Literal["analysed", "recognised", "failed"]
    result: Prediction | Comparison | None = None
    failure: Failure | None = None
    moved_from: bytes | None = None


def seats_of(classifier: Classifier, terms: Terms) -> tuple[Seat, ...]:
    """The seats that a scan on these terms fills."""
    return tuple(seat_of(model, terms.windows) for model in classifier.models)


def plan(
    roots: Sequence[str],
    store: Store,
    seats: Sequence[Seat],
    retry: bool = False,
    keep_windows: bool = False,
    may_match_nothing: bool = False,
) -> Agenda:
    """Walk the roots and see what is to be done; writes nothing.

    Parameters
    ----------
    roots : sequence of str
        Folders, files, addresses or patterns; see `genrescope.collection.walking.walk`.
    store : Store
    seats : sequence of Seat
    retry, keep_windows : bool
        As in `Terms`: what was analysed without its windows is done again where they are wanted.
    may_match_nothing : bool
        Whether a pattern without a match is no error.

    Raises
    ------
    CollectionError
        If a root is not there.
    """
    found = walk(tuple(roots), may_match_nothing)
    known = store.known(seats, keep_windows)
    pending: list[FileState] = []
    unchanged = failed = 0
    for file in found.files:
        before = known.pop(file.path, None)
        if before is None or (file.size, file.modified_ns) != (before.size, before.modified_ns):
            pending.append(file)
        elif before.failed and not retry:
            failed += 1
        elif before.settled and not before.failed:
            unchanged += 1
        else:
            pending.append(file)
    return Agenda(pending, unchanged, failed, _gone(roots, known, found), found.unread)


def _gone(roots: Sequence[str], left: Iterable[bytes], found: Walk) -> tuple[bytes, ...]:
    """Known paths below the roots that the walk did not meet, where it could look."""
    below, hidden = Reach(roots), Reach(path for path, _ in found.unread)
    return tuple(path for path in left if below.covers(path) and not hidden.covers(path))


def scan(
    classifier: Classifier, store: Store, agenda: Agenda, terms: Terms, stop: Stop | None = None
) -> Generator[Outcome, None, None]:
    """Work through an agenda; every outcome is in the store when it is given.

    Parameters
    ----------
    classifier : Classifier
        Its networks run here, or on the machines of a cluster.
    store : Store
    agenda : Agenda
        From `plan`.
    terms : Terms
    stop : Stop, optional

    Yields
    ------
    Outcome
        In the order in which files are done.

    Raises
    ------
    CollectionError
        If workers cannot be started, or the store cannot be written.
    MissingExtraError
        If the engine needs what is not installed.
    """
    if agenda.gone:
        store.mark_gone(agenda.gone)
    if not agenda.pending:
        return
    seats = seats_of(classifier, terms)
    order = Order(classifier.specs, terms.windows, terms.memory_bytes)
    workers = min(terms.workers, len(agenda.pending))
    job = engines.Job(classifier, order, workers, terms.limit_seconds, terms.address)
    tasks = _tasks(agenda.pending, store, seats, terms.keep_windows, stop or Stop())
    with closing(_work(terms.engine, job, tasks)) as findings:
        for finding in findings:
            yield _keep(finding, store, seats, terms.keep_windows)


def _work(
    engine: str, job: engines.Job, tasks: Iterable[Task]
) -> Generator[engines.Finding, None, None]:
    yield from engines.load(engine).work(job, tasks)


def _tasks(
    pending: Iterable[FileState],
    store: Store,
    seats: Sequence[Seat],
    keep_windows: bool,
    stop: Stop,
) -> Iterator[Task]:
    for file in pending:
        if stop.asked:
            return
        yield Task(file, store.contents(file.size, seats, keep_windows))


def _keep(
    finding: engines.Finding, store: Store, seats: Sequence[Seat], keep_windows: bool
) -> Outcome:
    """Put a finding into the store: what became of the file."""
    file, digest, result = finding.file, finding.digest, finding.result
    if digest is None:
        failure = finding.failure or Failure(file.name, "decode", "nothing was heard of it")
        store.keep_failure(file, failure)
        return Outcome(file, "failed", failure=failure)
    if result is None:
        return Outcome(file, "recognised", moved_from=store.keep_known(file, digest))
    store.keep(file, digest, analyses_of(result, seats, keep_windows))
    return Outcome(file, "analysed", result)
