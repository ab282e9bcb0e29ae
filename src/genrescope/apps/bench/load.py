"""A server under load, beside the library's own loop in the same run."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from genrescope.types import GenrescopeError, MissingExtraError, ServingError

START_SECONDS = 60.0
MEGABYTE = 10**6
PROGRAM = "from genrescope.apps.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Attributes
    ----------
    clients, workers : int
    seconds : float
        Of each of the two, in halves that alternate.
    answers : dict of str to int
        By status; ``lost`` where no answer came.
    served_per_second, looped_per_second : float
        Recordings, by the server and by the library's loop with as many threads as workers.
    ratio : float
        Server over loop.
    median_ms, slowest_ms : float
        Of the answers that were results.
    before_mb, after_mb : float
        The server's memory (RSS) after its first answer and at the end; 0 where the system does
        not say.
    """

    clients: int
    workers: int
    seconds: float
    answers: dict[str, int]
    served_per_second: float
    looped_per_second: float
    ratio: float
    median_ms: float
    slowest_ms: float
    before_mb: float
    after_mb: float


def measure(
    source: Path, models: Sequence[str], *, clients: int = 16, seconds: float = 60.0
) -> Load:
    """Start a server in a process of its own, and ask it as fast as `clients` can.

    Loop and server take turns, half of `seconds` each, twice, so that a machine's mood falls on
    both.

    Parameters
    ----------
    source : Path
        The recording that is sent again and again.
    models : sequence of str
        Names; the default model where empty.
    clients : int
    seconds : float

    Raises
    ------
    MissingExtraError
        If the extra ``web`` is not installed.
    GenrescopeError
        If the server does not start, or does not classify the recording.
    """
    try:
        import httpx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the load test", "web") from error
    from genrescope.apps.serving.settings import Settings
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models

    workers = Settings().workers
    classifier = Classifier(load_models(models))
    sound = source.read_bytes()
    looped, took_ours, took_theirs = 0, 0.0, 0.0
    answers: Counter[str] = Counter()
    times: list[float] = []
    with serving(models, workers) as url:
        _ask(url, sound, time.monotonic(), answers, times, at_least=1)
        if answers != Counter({"200": 1}):
            raise GenrescopeError(f"the server does not classify {source}: {dict(answers)}")
        before = _memory_mb(url)
        answers.clear()
        times.clear()
        classifier.classify(source)
        for _ in range(2):
            count, took = _loop(lambda: classifier.classify(source), workers, seconds / 2)
            looped, took_ours = looped + count, took_ours + took
            took_theirs += _together(
                clients, lambda: _ask(url, sound, time.monotonic() + seconds / 2, answers, times)
            )
        after = _memory_mb(url)
    served, own = answers["200"] / took_theirs, looped / took_ours
    return Load(
        clients,
        workers,
        seconds,
        dict(answers),
        served,
        own,
        served / own if own else 0.0,
        median(times) if times else 0.0,
        max(times, default=0.0),
        before,
        after,
    )


@contextmanager
def serving(
    models: Sequence[str], workers: int, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A server in a process of its own, ready from the first line of the block on: its address.

    Parameters
    ----------
    models : sequence of str
        Loaded from the start.
    workers : int
    environment : mapping of str to str, optional
        The server's; this process's by default.

    Raises
    ------
    GenrescopeError
        If it does not start.
    """
    named = [word for model in models for word in ("--model", model)]
    told = ["serve", "--port", "0", "--workers", str(workers), *named]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *told], stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    try:
        url = ""
        for line in process.stderr:
            if line.startswith("Genrescope is at "):
                url = line.removeprefix("Genrescope is at ").strip()
                break
        if not url:
            raise GenrescopeError("the server did not start; `genrescope serve` says why")
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        _until_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


def _until_ready(url: str) -> None:
    from genrescope.apps.client import Client

    end = time.monotonic() + START_SECONDS
    with Client(url) as client:
        while not client.ready():
            if time.monotonic() > end:
                raise ServingError(f"the server was not ready within {START_SECONDS:g} s")
            time.sleep(0.02)


def _together(threads: int, work: Callable[[], None]) -> float:
    """Seconds until all of them had done: what was begun in time ends later."""
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
    return time.monotonic() - began


def _loop(call: Callable[[], object], threads: int, seconds: float) -> tuple[int, float]:
    end = time.monotonic() + seconds
    counts: list[int] = []

    def work() -> None:
        count = 0
        while time.monotonic() < end:
            call()
            count += 1
        counts.append(count)

    took = _together(threads, work)
    return sum(counts), took


def _ask(
    url: str,
    sound: bytes,
    end: float,
    answers: Counter[str],
    times: list[float],
    at_least: int = 0,
) -> None:
    import httpx

    with httpx.Client(base_url=url, trust_env=False, timeout=120) as http:
        while at_least > 0 or time.monotonic() < end:
            at_least -= 1
            began = time.perf_counter()
            try:
                answer = http.post("api/v1/classify", content=sound)
            except httpx.HTTPError:
                answers["lost"] += 1
                continue
            answers[str(answer.status_code)] += 1
            if answer.is_success:
                times.append((time.perf_counter() - began) * 1000)
            elif "retry-after" in answer.headers:
                time.sleep(min(1.0, max(0.0, end - time.monotonic())))


def _memory_mb(url: str) -> float:
    import httpx

    page = httpx.get(f"{url}api/v1/metrics", trust_env=False, timeout=30).text
    for line in page.splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return float(line.split()[1]) / MEGABYTE
    return 0.0
