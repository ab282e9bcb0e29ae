"""Many recordings in one job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from genrescope.apps.api.schemas import JobShape
from genrescope.apps.client.answers import events
from genrescope.apps.serving import Settings
from tests.apps.conftest import Served, gated, serving, until

NAMES = ("country_short_1s5.mp3", "electronic_its_simple_8k_mono.wav")


def sent(samples: Path) -> list[tuple[str, tuple[str, bytes]]]:
    """Two recordings, and one between them that is none."""
    files = [("files", (name, (samples / name).read_bytes())) for name in NAMES]
    files.insert(1, ("files", ("broken.mp3", b"no song\n" * 300)))
    return files


def heard(served: Served, address: str, **head: Any) -> list[tuple[str, dict[str, Any]]]:
    with served.http.stream("GET", address, **head) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(events(answer.iter_lines()))


def test_a_job_from_beginning_to_end(server: Served, samples: Path) -> None:
    begun = server.http.post("/api/v1/jobs", files=sent(samples))
    assert begun.status_code == 202
    JobShape.model_validate(begun.json())
    address = begun.headers["location"]
    told = heard(server, f"{address}/events")
    assert told[-1] == ("end", {"state": "done"})
    results = [data for kind, data in told if kind == "result"]
    assert sorted(one["file"] for one in results) == [0, 1, 2]
    job = server.http.get(address).json()
    JobShape.model_validate(job)
    assert job["files"] == [NAMES[0], "broken.mp3", NAMES[1]]
    assert (job["state"], job["done"], job["failed"], job["working"]) == ("done", 3, 1, [])
    assert sorted(results, key=lambda one: int(one["file"])) == job["results"]
    assert "not a sound file" in job["results"][1]["result"]["error"]["reason"]
    alone = server.http.post(
        "/api/v1/classify", files={"file": (NAMES[0], (samples / NAMES[0]).read_bytes())}
    )
    assert job["results"][0]["result"] == alone.json()
    late = heard(server, f"{address}/events", headers={"Last-Event-ID": "2"})
    assert [kind for kind, _ in late] == ["result", "progress", "end"]
    assert server.http.delete(address).status_code == 204
    gone = server.http.get(address)
    assert (gone.status_code, gone.json()["type"]) == (404, "/api/v1/problems/unknown-job")


def test_a_job_that_is_stopped(samples: Path) -> None:
    settings = Settings(workers=1, jobs_kept=1)
    with gated(settings) as (served, gate):
        address = served.http.post("/api/v1/jobs", files=sent(samples)).headers["location"]
        assert gate.entered.wait(240)
        with served.http.stream("GET", f"{address}/events") as answer:
            lines = answer.iter_lines()
            kind, data = next(events(lines))
            assert (kind, data["working"][0]["step"]) == ("progress", "looking")
            full = served.http.post("/api/v1/jobs", files=sent(samples))
            assert (full.status_code, full.headers["retry-after"]) == (503, "10")
            assert served.http.delete(address).status_code == 204
            until(lambda: served.studio.uploads.count == 1)
            gate.open.set()
            assert list(events(lines))[-1] == ("end", {"state": "stopped"})
        until(lambda: served.studio.uploads.count == 0)
        assert gate.runs == 1


def test_what_a_job_may_bring(samples: Path) -> None:
    settings = Settings(job_files=2, job_limit_bytes=300_000)
    with serving(settings) as served:

        def refused(files: list[tuple[str, tuple[str, bytes]]]) -> tuple[int, str]:
            answer = served.http.post("/api/v1/jobs", files=files)
            return answer.status_code, str(answer.json()["detail"])

        assert refused(sent(samples)) == (413, "more files came than may: 2 files at most")
        big = [("files", (f"{i}.wav", bytes(200_000))) for i in range(2)]
        assert refused(big) == (
            413,
            "1.wav: the files of one job may hold 0.3 MB together; send it in another job",
        )
        assert refused([("files", ("", b""))])[0] == 400
        unknown = served.http.post("/api/v1/jobs?model=none", files=sent(samples))
        assert unknown.status_code == 404
        assert served.studio.uploads.count == 0
        assert served.http.get("/api/v1/jobs/none").status_code == 404


def test_jobs_are_forgotten_in_time(samples: Path) -> None:
    with serving(Settings(job_keep_seconds=0.05)) as served:
        files = [("files", ("x.mp3", b"x" * 5000))]
        address = served.http.post("/api/v1/jobs", files=files).headers["location"]
        until(lambda: served.http.get(address).status_code == 404)


def test_a_single_request_comes_between(server: Served, samples: Path) -> None:
    one = ("files", (NAMES[0], (samples / NAMES[0]).read_bytes()))
    address = server.http.post("/api/v1/jobs", files=[one] * 12).headers["location"]
    alone = server.http.post("/api/v1/classify", content=one[1][1])
    assert alone.status_code == 200
    assert server.http.get(address).json()["done"] < 12
    server.http.delete(address)


def test_events_to_someone_who_leaves(server: Served, samples: Path) -> None:
    address = server.http.post("/api/v1/jobs", files=sent(samples)).headers["location"]
    with httpx.stream("GET", f"{server.url}{address}/events", trust_env=False) as answer:
        next(answer.iter_lines())
    until(lambda: json.loads(server.http.get(address).content)["state"] == "done")
    assert server.http.delete(address).status_code == 204
