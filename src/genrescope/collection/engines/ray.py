"""A Ray cluster: one actor a machine holds the networks, and files go where there is room.

A machine that is lost costs its files in flight a second turn elsewhere; one that joins is used.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from genrescope.collection.drawing import Task
from genrescope.collection.engines import Finding, Job
from genrescope.collection.engines._station import Station, pack
from genrescope.types import CollectionError, Failure, MissingExtraError

PATIENCE_SECONDS = 300.0
"""How long a scan waits for a machine when it has none."""

AHEAD = 2
"""Files that a machine holds for each of its decoding processes: one in work, one to go on with."""

MOST_LOSSES = 3
"""A file that was on so many machines when they were lost is a failure: it may be the reason."""

_LOOK_AROUND_SECONDS = 2.0
_AGAIN_SECONDS = 15.0
_KNOCK_SECONDS = 10.0


def work(job: Job, tasks: Iterable[Task]) -> Iterator[Finding]:
    """See `genrescope.collection.engines.Engine`; ``job.address`` is Ray's, or "" for one here.

    Raises
    ------
    CollectionError
        If there is no cluster at the address, or no machine of it can work.
    MissingExtraError
        If Ray is not installed.
    """
    ray = _import()
    with _cluster(ray, job.address):
        yard = _Yard(ray, job)
        try:
            yield from yard.work(iter(tasks))
        finally:
            yard.close()


def _import() -> Any:
    """Ray, which is told beforehand to tell nobody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise MissingExtraError("scanning on several machines", "ray") from error
    return ray


@contextmanager
def _cluster(ray: Any, address: str) -> Iterator[None]:
    """Join the cluster, and leave it again; one that was joined before stays joined."""
    if ray.is_initialized():
        yield
        return
    _knock(address)
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    options = {} if address else {"include_dashboard": False}
    try:
        ray.init(address or None, log_to_driver=False, logging_level="error", **options)
    except Exception as error:  # what cannot be joined or begun is told by a bare Exception, too
        raise _no_cluster(address, error) from error
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)  # Ray puts its own there
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Whether anything listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> CollectionError:
    reason = " ".join(str(error).split())
    return CollectionError(
        f"no Ray cluster at {address or 'this machine'} ({reason}). Begin one with "
        "`ray start --head`, join it from other machines with `ray start --address=HOST:6379`"
    )


@dataclass(slots=True)
class _Machine:
    """A machine at work."""

    host: str
    actor: Any
    workers: int
    ready: bool = False
    held: set[Any] = field(default_factory=set)

    @property
    def room(self) -> int:
        return AHEAD * self.workers - len(self.held) if self.ready else 0


class _Yard:
    """Machines, and files in flight to them."""

    def __init__(self, ray: Any, job: Job) -> None:
        self._ray, self._job = ray, job
        self._freight = ray.put(pack(job))
        self._machines: dict[str, _Machine] = {}
        self._flights: dict[Any, tuple[str, Task | None]] = {}
        self._again: list[Task] = []
        self._losses: Counter[bytes] = Counter()
        self._not_before: dict[str, float] = {}
        self._looked = 0.0
        self._last_seen = time.monotonic()

    def work(self, tasks: Iterator[Task]) -> Iterator[Finding]:
        """Findings of all tasks."""
        more = True
        while True:
            self._look_around()
            more = self._fill(tasks, more)
            busy = any(task is not None for _, task in self._flights.values())
            if not (busy or more or self._again):
                return
            self._be_patient()
            if not self._flights:
                time.sleep(_LOOK_AROUND_SECONDS / 4)
                continue
            ready, _ = self._ray.wait(list(self._flights), timeout=_LOOK_AROUND_SECONDS)
            for flight in ready:
                yield from self._land(flight)

    def _look_around(self) -> None:
        """Put an actor on every machine that has none, some time after it lost one."""
        now = time.monotonic()
        if now - self._looked < _LOOK_AROUND_SECONDS:
            return
        self._looked = now
        for node in self._ray.nodes():
            name, processors = node["NodeID"], int(node["Resources"].get("CPU", 0))
            free = name not in self._machines and self._not_before.get(name, 0.0) <= now
            if node["Alive"] and processors and free:
                self._employ(name, node["NodeManagerHostname"], processors)

    def _employ(self, name: str, host: str, processors: int) -> None:
        strategies = self._ray.util.scheduling_strategies
        workers = min(self._job.workers or processors, processors)
        actor = (
            self._ray.remote(Station)
            .options(
                num_cpus=workers,
                max_concurrency=workers,
                scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(name, soft=False),
            )
            .remote()
        )
        self._machines[name] = _Machine(host, actor, workers)
        self._flights[actor.begin.remote(self._freight, workers)] = (name, None)

    def _fill(self, tasks: Iterator[Task], more: bool) -> bool:
        """Give files to machines with room; whether there may be more."""
        for name, machine in self._machines.items():
            while machine.room > 0:
                task = self._again.pop() if self._again else next(tasks, None) if more else None
                if task is None:
                    more = False
                    break
                flight = machine.actor.look.remote(task)
                self._flights[flight] = (name, task)
                machine.held.add(flight)
        return more

    def _be_patient(self) -> None:
        now = time.monotonic()
        if any(machine.ready for machine in self._machines.values()):
            self._last_seen = now
        if now - self._last_seen > PATIENCE_SECONDS:
            raise CollectionError(
                f"no machine of the cluster has taken work for {PATIENCE_SECONDS:g} s: `ray "
                "status` says which there are, and --workers asks for fewer processors of each"
            )

    def _land(self, flight: Any) -> Iterator[Finding]:
        """Take in what came back; a lost machine's files wait for another."""
        if flight not in self._flights:
            return
        name, task = self._flights.pop(flight)
        machine = self._machines.get(name)
        if machine is not None:
            machine.held.discard(flight)
        errors = self._ray.exceptions
        try:
            finding = self._ray.get(flight)
        except errors.RayTaskError as error:
            reason = error.cause if error.cause is not None else error
            host = "a machine" if machine is None else machine.host
            raise CollectionError(f"{host}: {reason}") from error
        except errors.RayError:
            yield from self._lose(name, task)
            return
        if task is None and machine is not None:
            machine.ready = True
        elif finding is not None:
            yield finding

    def _lose(self, name: str, task: Task | None) -> Iterator[Finding]:
        self._machines.pop(name, None)
        self._not_before[name] = time.monotonic() + _AGAIN_SECONDS
        if task is None:
            return
        self._losses[task.file.path] += 1
        if self._losses[task.file.path] < MOST_LOSSES:
            self._again.append(task)
            return
        reason = f"it was in work on {MOST_LOSSES} machines when they were lost"
        yield Finding(task.file, failure=Failure(task.file.name, "crash", reason))

    def close(self) -> None:
        """Let all machines go."""
        for machine in self._machines.values():
            self._ray.kill(machine.actor)
