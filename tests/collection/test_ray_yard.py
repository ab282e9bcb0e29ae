"""What the Ray engine does when machines are lost, refuse or never come; a cluster is pretended."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.collection.drawing import Order, Task
from genrescope.collection.engines import Finding, Job, load
from genrescope.collection.engines import ray as engine
from genrescope.collection.scanning import Terms
from genrescope.collection.values import FileState
from genrescope.models.engines import open_engine
from genrescope.types import CollectionError, MissingExtraError
from tests import onnx_models


class RayError(Exception):
    """As Ray's: a machine or a process is lost."""


class RayTaskError(RayError):
    """As Ray's: what ran there raised `cause`."""

    cause: Exception | None = None


class Cluster:
    """The few calls of Ray that are used; `answer` says what comes of a task on a machine."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
    util = SimpleNamespace(
        scheduling_strategies=SimpleNamespace(
            NodeAffinitySchedulingStrategy=lambda name, soft: name
        )
    )

    def __init__(self, machines: dict[str, int], answer: Callable[[str, Any], Any]) -> None:
        self.machines, self.answer = machines, answer
        self.most, self.killed = 0, 0
        self.waiting: list[Any] = []

    def is_initialized(self) -> bool:
        return True

    def put(self, value: Any) -> Any:
        return value

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": n, "Alive": True, "Resources": {"CPU": c}, "NodeManagerHostname": n}
            for n, c in self.machines.items()
        ]

    def remote(self, kind: type) -> Any:
        def options(scheduling_strategy: str, **rest: Any) -> Any:
            call = SimpleNamespace(remote=lambda *given: self._call(scheduling_strategy, given))
            actor = SimpleNamespace(begin=call, look=call)
            return SimpleNamespace(remote=lambda: actor)

        return SimpleNamespace(options=options)

    def _call(self, machine: str, given: tuple[Any, ...]) -> Any:
        flight = (machine, given[0] if isinstance(given[0], Task) else None, object())
        self.waiting.append(flight)
        held = [one for one in self.waiting if one[0] == machine and one[1] is not None]
        self.most = max(self.most, len(held))
        return flight

    def wait(self, flights: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        return flights[:1], flights[1:]

    def get(self, flight: Any) -> Any:
        self.waiting.remove(flight)
        machine, task, _ = flight
        found = self.answer(machine, task)
        if isinstance(found, Exception):
            raise found
        return found

    def kill(self, actor: Any) -> None:
        self.killed += 1


@pytest.fixture
def job(tmp_path: Path, cache: Path) -> Job:
    file = onnx_models.write(tmp_path)
    model = Model(file.card, open_engine(file), file.sha256, str(file.path))
    made = Classifier([model])
    return Job(made, Order(made.specs, Terms().windows), 0, 60.0)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LOOK_AROUND_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(engine, name, 0.0)


def tasks(count: int) -> Iterator[Task]:
    return (Task(FileState(b"/l/%d" % number, 1, 1)) for number in range(count))


def done(task: Task | None) -> Finding | None:
    return None if task is None else Finding(task.file, b"d")


def work(monkeypatch: pytest.MonkeyPatch, job: Job, cluster: Cluster, count: int) -> list[Finding]:
    monkeypatch.setattr(engine, "_import", lambda: cluster)
    return list(load("ray").work(job, tasks(count)))


def test_every_file_comes_back_once(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    cluster = Cluster({"a": 2, "b": 1, "head": 0}, lambda machine, task: done(task))
    found = work(monkeypatch, job, cluster, 50)
    assert sorted(one.file.path for one in found) == sorted(t.file.path for t in tasks(50))
    assert cluster.most <= engine.AHEAD * 2
    assert cluster.killed == 2


def test_files_of_a_lost_machine_go_elsewhere(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    calls: dict[str, int] = {"a": 0, "b": 0}

    def answer(machine: str, task: Task | None) -> Any:
        calls[machine] += task is not None
        if machine == "b" and calls["b"] >= 3:
            cluster.machines.pop("b", None)
            return RayError("lost")
        return done(task)

    cluster = Cluster({"a": 1, "b": 1}, answer)
    found = work(monkeypatch, job, cluster, 30)
    assert len({one.file.path for one in found}) == len(found) == 30
    assert all(one.failure is None for one in found)
    assert calls["b"] >= 3


def test_a_file_that_machines_are_lost_with_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    def answer(machine: str, task: Task | None) -> Any:
        bad = task is not None and task.file.path == b"/l/3"
        return RayError("lost") if bad else done(task)

    found = work(monkeypatch, job, Cluster({"a": 1, "b": 1}, answer), 10)
    failed = [one for one in found if one.failure is not None]
    assert len(found) == 10
    assert [one.file.path for one in failed] == [b"/l/3"]
    assert failed[0].failure is not None
    assert failed[0].failure.stage == "crash"


def test_what_a_machine_refuses_is_said_with_its_name(
    monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    error = RayTaskError()
    error.cause = CollectionError("has Genrescope 0.1")
    cluster = Cluster({"a": 1}, lambda machine, task: error)
    with pytest.raises(CollectionError, match=r"^a: has Genrescope 0\.1"):
        work(monkeypatch, job, cluster, 1)


def test_no_machine_is_an_error(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(CollectionError, match="ray status"):
        work(monkeypatch, job, Cluster({"head": 0}, lambda machine, task: None), 1)


def test_a_model_without_a_file_cannot_be_sent(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    (model,) = job.classifier.models
    bare = Classifier([Model(model.card, model.engine, model.digest)])
    without = Job(bare, job.order, 0, 60.0)
    with pytest.raises(CollectionError, match="no file"):
        work(monkeypatch, without, Cluster({}, lambda machine, task: None), 1)


def test_a_station_says_what_this_machine_says(job: Job, tmp_path: Path) -> None:
    from genrescope.collection.engines._station import Station, pack
    from tests.collection.conftest import write_sound

    path = write_sound(tmp_path / "a.wav", 300.0)
    seen = path.stat()
    task = Task(FileState(os.fsencode(path), seen.st_size, seen.st_mtime_ns))
    (here,) = load("local").work(job, [task])
    main = vars(sys.modules["__main__"])
    kept = {name: value for name, value in main.items() if name == "__file__"}
    station = Station()
    try:
        station.begin(pack(job), 1)
        there = station.look(task)
    finally:
        main.update(kept)  # a station forgets it; a test's worker may have had none
        station.close()
    assert (there.file, there.digest, there.failure) == (here.file, here.digest, None)
    assert there.result is not None
    assert here.result is not None
    assert there.result.per_window.tobytes() == here.result.per_window.tobytes()  # type: ignore[union-attr]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "nowhere.invalid:6379"])
def test_no_cluster_at_the_address(monkeypatch: pytest.MonkeyPatch, job: Job, address: str) -> None:
    cluster = Cluster({}, lambda machine, task: None)
    monkeypatch.setattr(cluster, "is_initialized", lambda: False)
    monkeypatch.setattr(engine, "_import", lambda: cluster)
    with pytest.raises(CollectionError, match=f"no Ray cluster at {address}.*ray start"):
        list(load("ray").work(replace(job, address=address), tasks(1)))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    with pytest.raises(MissingExtraError, match=r"uv sync --extra ray"):
        list(load("ray").work(job, tasks(1)))
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
