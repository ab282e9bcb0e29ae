"""What the API refuses, and that nothing stays behind."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from genrescope.apps.serving import Settings
from genrescope.apps.serving.problems import PROBLEMS, REFUSALS
from tests.apps.conftest import MODEL, Served, answer_on, gated, until

SHORT = "country_short_1s5.mp3"


def detail(answer: httpx.Response, status: int, name: str) -> str:
    """The words of a problem document that is in order."""
    plain: dict[str, Any] = answer.json()
    assert answer.status_code == plain["status"] == status, plain
    assert answer.headers["content-type"] == "application/problem+json"
    assert plain["type"] == f"/api/v1/problems/{name}"
    assert plain["title"]
    return str(plain["detail"])


@pytest.mark.parametrize(
    ("query", "status", "name", "says"),
    [
        ({"model": "mobilnetv3_mel"}, 404, "unknown-model", "did you mean mobilenetv3_mel"),
        ({"model": "../../etc/x.onnx"}, 404, "unknown-model", "There are:"),
        ({"model": "x\x00"}, 404, "unknown-model", "no model 'x\\x00'"),
        ({"windows": "some"}, 422, "sound", "windows must be"),
        ({"start": "-1"}, 422, "sound", "start must be 0 s or later"),
        ({"start": "nan"}, 422, "sound", "start must be 0 s or later"),
        ({"duration": "0"}, 422, "sound", "duration must be more than 0 s"),
        ({"start": "1000"}, 422, "empty", "nothing from 1000 s on"),
        ({"start": "1e300"}, 422, "sound", "start must be 0 s or later"),
        ({"windows": "9" * 5000}, 422, "sound", "windows must be"),
        ({"windows": "٣"}, 422, "sound", "windows must be"),
        ({"top": "0"}, 422, "parameters", "query top"),
        ({"duration": "long"}, 422, "parameters", "query duration"),
        ({"windos": "first"}, 422, "parameters", "did you mean windows?"),
        ({"colour": "blue"}, 422, "parameters", "query colour: there is no such parameter; there"),
    ],
)
def test_wrong_questions(
    server: Served, samples: Path, query: dict[str, str], status: int, name: str, says: str
) -> None:
    sound = (samples / SHORT).read_bytes()
    answer = server.http.post("/api/v1/classify", params=query, content=sound)
    assert says in detail(answer, status, name)


def test_a_route_without_parameters_takes_none(server: Served) -> None:
    answer = server.http.get("/api/v1/models", params={"installed": "1"})
    assert "this takes none" in detail(answer, 422, "parameters")


@pytest.mark.parametrize("name", ["latin_casa_bossa_nova.m4a", "blues_black_bass.ogg"])
def test_figures_beyond_all_reason(server: Served, samples: Path, name: str) -> None:
    sound = (samples / name).read_bytes()
    late = server.http.post("/api/v1/classify", params={"start": "1e18"}, content=sound)
    assert "before 1e+09" in detail(late, 422, "sound")
    query = {"duration": "1e300", "windows": "first", "top": "9" * 19}
    assert server.http.post("/api/v1/classify", params=query, content=sound).status_code == 200


def test_a_path_is_never_a_model(server: Served, samples: Path) -> None:
    import genrescope.models

    file = genrescope.models.find(MODEL).path
    assert file.is_file()
    for given in (str(file), file.name):
        answer = server.http.post("/api/v1/classify", params={"model": given}, content=b"x")
        detail(answer, 404, "unknown-model")


def test_addresses_and_methods(server: Served) -> None:
    assert "openapi.json" in detail(server.http.get("/api/v1/nothing"), 404, "not-found")
    detail(server.http.get("/docs"), 404, "not-found")
    detail(server.http.get("/redoc"), 404, "not-found")
    answer = server.http.get("/api/v1/classify")
    detail(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--b--\r\n", "b", "no file"),
        (b"no form at all", "b", "not in order"),
        (b"", "b", "stops before its end"),
        (b'--b\r\nContent-Disposition: form-data; name=f; filename="f"\r\n\r\nabc', "b", "stops"),
        (b"--b\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n\r\n--b--\r\n", "b", "not in order"),
        (b"x", "y" * 300, "not in order"),
    ],
)
def test_forms_that_are_not_in_order(server: Served, body: bytes, kind: str, says: str) -> None:
    head = {"Content-Type": f"multipart/form-data; boundary={kind}"}
    answer = server.http.post("/api/v1/classify", content=body, headers=head)
    assert says in detail(answer, 400, "request")


def test_one_file_at_a_time(server: Served, samples: Path) -> None:
    sound = (samples / SHORT).read_bytes()
    files = [("file", ("a.mp3", sound)), ("file", ("b.mp3", sound))]
    answer = server.http.post("/api/v1/classify", files=files)
    assert "POST /api/v1/jobs" in detail(answer, 413, "too-large")


def test_an_announced_size_is_refused_before_it_is_sent(server: Served) -> None:
    head = b"POST /api/v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000\r\n\r\n"
    with server.raw(head) as wire:
        assert answer_on(wire)[0] == 413


def test_more_than_the_limit_in_chunks_is_refused_while_it_comes(server: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * server.studio.settings.limit_bytes:
            sent += 2**16
            yield bytes(2**16)

    answer = server.http.post("/api/v1/classify", content=endless())
    assert "larger than 2 MB" in detail(answer, 413, "too-large")
    assert sent < 50 * server.studio.settings.limit_bytes
    form = server.http.post("/api/v1/classify", files={"file": ("big.wav", bytes(2_500_000))})
    assert detail(form, 413, "too-large").startswith("big.wav: larger than 2 MB")


BEGUN = b"POST /api/v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nabc"


def test_what_follows_a_form_counts_too(server: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name=f; filename="f"\r\n\r\nabc\r\n--b--\r\n'
        for _ in range(2000):
            yield bytes(2**16)

    head = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = server.http.post("/api/v1/classify", content=endless(), headers=head)
    assert "more came" in detail(answer, 413, "too-large")


def test_an_upload_that_stands_still() -> None:
    with gated(Settings(idle_seconds=0.2)) as (served, _), served.raw(BEGUN) as wire:
        assert answer_on(wire)[0] == 408
        until(lambda: served.studio.uploads.count == 0)


def test_a_client_that_goes_while_it_sends(server: Served) -> None:
    wire = server.raw(BEGUN)
    until(lambda: server.studio.uploads.count == 1)
    wire.close()
    until(lambda: server.studio.uploads.count == 0)
    until(lambda: 'status="499"' in server.http.get("/api/v1/metrics").text)


@pytest.fixture
def long_song(tmp_path: Path) -> bytes:
    import numpy as np
    import soundfile

    sound = np.random.default_rng(0).standard_normal(8000 * 95).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "long.wav", sound, 8000)
    return (tmp_path / "long.wav").read_bytes()


def post(sound: bytes) -> bytes:
    head = f"POST /api/v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(sound)}"
    return head.encode() + b"\r\n\r\n" + sound


def test_a_client_that_goes_while_it_waits(long_song: bytes) -> None:
    with gated(Settings(workers=1)) as (served, gate):
        wire = served.raw(post(long_song))
        assert gate.entered.wait(240)
        wire.close()
        until(lambda: served.studio.uploads.count == 0)
        gate.open.set()
        until(lambda: served.studio.turns.working == 0)
        assert gate.runs == 1  # of four: the song has four spans


def test_the_queue_is_full(samples: Path) -> None:
    sound = (samples / SHORT).read_bytes()
    with gated(Settings(workers=1, queue_length=1)) as (served, gate):
        wires = [served.raw(post(sound)) for _ in range(2)]
        until(lambda: (served.studio.turns.working, served.studio.turns.waiting) == (1, 1))
        answer = served.http.post("/api/v1/classify", content=sound)
        assert "all 2 turns are taken" in detail(answer, 503, "busy")
        assert int(answer.headers["retry-after"]) >= 1
        page = served.http.get("/api/v1/metrics").text
        assert "genrescope_turns_waiting 1.0" in page
        gate.open.set()
        assert [answer_on(wire)[0] for wire in wires] == [200, 200]
        for wire in wires:
            wire.close()
        assert served.http.post("/api/v1/classify", content=sound).status_code == 200


def test_the_time_limit(long_song: bytes) -> None:
    with gated(Settings(workers=1)) as (served, gate):
        wire = served.raw(post(long_song))
        assert gate.entered.wait(240)
        for watch in served.studio._watches:
            watch.limit_seconds = 0.001
        gate.open.set()
        status, body = answer_on(wire)
        wire.close()
        assert status == 504
        assert b"not done within 0.001 s" in body
        assert gate.runs == 1


def test_work_that_does_not_end_is_answered_for(samples: Path) -> None:
    with gated(Settings(workers=1, limit_seconds=0.1)) as (served, gate):
        answer = served.http.post("/api/v1/classify", content=(samples / SHORT).read_bytes())
        assert not gate.open.is_set()
        assert "given up" in detail(answer, 504, "time-limit")


def test_an_error_of_ours_is_a_problem_too(
    server: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(server.studio.turns, "check", fail)
    answer = server.http.post("/api/v1/classify", content=b"x")
    assert "secret" not in detail(answer, 500, "internal")
    assert "secret" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_problem_has_its_page(server: Served) -> None:
    listed = server.http.get("/api/v1/problems").json()
    assert [one["name"] for one in listed] == [p.name for p in (*PROBLEMS, *REFUSALS)]
    for one in listed:
        page = server.http.get(f"/api/v1/problems/{one['name']}").json()
        assert (page["status"], page["title"]) == (one["status"], one["title"])
    detail(server.http.get("/api/v1/problems/none"), 404, "not-found")


def test_half_a_request(server: Served) -> None:
    with server.raw(b"GET /api/v1/health HTTP/1.1\r\nHo") as wire:
        wire.shutdown(socket.SHUT_WR)
        assert not wire.recv(4096)
    assert server.http.get("/api/v1/health").status_code == 200
