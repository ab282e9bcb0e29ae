"""A cluster of two machines, one of which is lost in the middle, says what this machine says.

``GENRESCOPE_RAY_FILES=400 pytest -s tests/collection/test_ray.py`` does it at length.
"""

from __future__ import annotations

import errno
import gc
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model
from genrescope.collection import scanning
from genrescope.collection.scanning import Terms
from genrescope.collection.stores import Store, open_store
from genrescope.models.engines import open_engine
from tests import onnx_models
from tests.collection.conftest import write_sound

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ |= {  # a busy machine starts slowly
    "RAY_agent_register_timeout_ms": "200000",
    "RAY_raylet_start_wait_time_s": "200",
    "RAY_gcs_server_request_timeout_seconds": "200",
    "RAY_worker_register_timeout_seconds": "200",
}
pytest.importorskip("ray")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1200), pytest.mark.slow]
PORTS = (
    "metrics_agent_port",
    "metrics_export_port",
    "runtime_env_agent_port",
    "dashboard_agent_listen_port",
)
FULL = (errno.EAGAIN, errno.EADDRINUSE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)
FILES = int(os.environ.get("GENRESCOPE_RAY_FILES", "18"))


@pytest.fixture
def sent(tmp_path: Path, cache: Path) -> Classifier:
    """Two networks with files that can be sent."""
    files = [onnx_models.write(tmp_path, f"sent_{i}", seed=i) for i in (0, 1)]
    return Classifier(
        [Model(one.card, open_engine(one), one.sha256, str(one.path)) for one in files]
    )


def ports() -> dict[str, int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return {name: one.getsockname()[1] for name, one in zip(PORTS, taken, strict=True)}


def children() -> set[Any]:
    """Programs that this process has begun and not yet waited for."""
    begun = {one for one in gc.get_objects() if type(one) is subprocess.Popen}
    return {one for one in begun | set(getattr(subprocess, "_active", None) or ()) if one}


def end_children(others: set[Any]) -> None:
    """Ray leaves processes behind that it does not wait for; `others` are not its own."""
    for one in children() - others:
        if one.poll() is None:
            one.kill()
            one.wait(30)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node waits twenty seconds for its agents to say their ports: here they are said before."""
    Node = import_module("ray._private.node").Node

    plain = Node.start_ray_processes

    def start(node: Any) -> None:
        for name in PORTS:
            place = Path(node.get_session_dir_path()) / f"{name}_{node.node_id}"
            place.write_text(str(getattr(node._ray_params, name)))
        plain(node)

    monkeypatch.setattr(Node, "start_ray_processes", start)


def means_no_ray_here(error: Exception) -> bool:
    """Whether this machine keeps a cluster from starting; else Ray is used wrongly, by us."""
    if isinstance(error, OSError):
        known = isinstance(error, ConnectionError | TimeoutError | PermissionError)
        return known or error.errno in FULL
    if type(error) is RuntimeError:
        return any(words in str(error) for words in ("GCS", "process"))
    return type(error) is Exception and "timed out during startup" in str(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError("Timed out while waiting for nodes to join."), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (RuntimeError("Failed to start GCS. Last connection error: x"), True),
        (Exception("The current node timed out during startup. This could happen"), True),
        (RuntimeError("Cannot connect to uninitialized cluster."), False),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), False),
        (ValueError("Unknown option"), False),
        (TypeError("unexpected keyword argument 'no_monitor'"), False),
        (AttributeError("_ray_params"), False),
    ],
)
def test_what_means_that_ray_cannot_run_here(error: Exception, expected: bool) -> None:
    assert means_no_ray_here(error) is expected


@pytest.fixture
def cluster(unhurried: None) -> Iterator[Any]:
    Cluster = import_module("ray.cluster_utils").Cluster

    others = children()
    options = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    bare = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
    try:
        made = Cluster(initialize_head=True, head_node_args={**options, **bare, **ports()})
        made.add_node(**options, **ports())
        made.wait_for_nodes()
    except Exception as error:
        end_children(others)
        if not means_no_ray_here(error):
            raise
        pytest.skip(f"no Ray cluster can be started here: {error}")
    yield made
    made.shutdown()
    end_children(others)


def rows(store: Store) -> dict[bytes, Any]:
    """All that a store knows, but for times."""
    seats = [seat for seat, _ in store.seats()]
    found: dict[bytes, Any] = {path: [known] for path, known in store.known(seats).items()}
    for path, failure in store.failures():
        found[path].append(failure)
    for one in store.answers(sorted(seats, key=lambda seat: seat.model)):
        for number, path in enumerate(one.paths):
            kept = store.timeline(path, one.seat)
            assert kept is not None
            assert kept.per_window is not None
            found[path] += [
                (one.seat.model, one.seat.digest, one.probabilities[number].tobytes()),
                (kept.seconds, kept.music, kept.window_starts, kept.per_window.tobytes()),
            ]
    return found


def test_a_machine_lost_in_the_middle(tmp_path: Path, sent: Classifier, cluster: Any) -> None:
    folder = tmp_path / "library"
    for number in range(FILES):
        write_sound(folder / f"{number:03}.wav", 100.0 + 3 * number, seconds=0.5 + number % 3)
    (folder / "text.mp3").write_text("no sound")
    (folder / "copy.wav").write_bytes((folder / "000.wav").read_bytes())
    local, spread = (
        Terms(keep_windows=True),
        Terms(workers=0, keep_windows=True, engine="ray", address=cluster.address),
    )
    seats = scanning.seats_of(sent, local)
    outcomes, began, lost = [], time.monotonic(), 0
    with open_store(tmp_path / "ray.sqlite") as store:
        agenda = scanning.plan([str(folder)], store, seats)
        for outcome in scanning.scan(sent, store, agenda, spread):
            outcomes.append(outcome)
            if len(outcomes) == FILES // 3:
                cluster.remove_node(cluster.list_all_nodes()[1], allow_graceful=False)
                lost = len(outcomes)
        spread_rows = rows(store)
        assert not scanning.plan([str(folder)], store, seats).pending
    seconds = time.monotonic() - began
    with open_store(tmp_path / "local.sqlite") as store:
        agenda = scanning.plan([str(folder)], store, seats)
        list(scanning.scan(sent, store, agenda, local))
        local_rows = rows(store)
    assert len({one.file.path for one in outcomes}) == len(outcomes) == FILES + 2
    assert len(local_rows) == FILES + 2
    assert spread_rows == local_rows
    print(f"{len(outcomes)} files in {seconds:.1f} s; a machine was lost after {lost}")  # noqa: T201
