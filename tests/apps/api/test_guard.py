"""Who may ask: token, host, origin, CORS, headers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from genrescope.apps.serving import Settings
from genrescope.types import GenrescopeError
from tests.apps.conftest import Served, serving

TOKEN = "correct-horse-battery"
SITE = "https://music.example"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    settings = Settings(token=TOKEN, cors_origins=(SITE,), allowed_hosts=("Box.example",))
    with serving(settings) as served:
        yield served


def test_the_token(guarded: Served) -> None:
    bare = guarded.http.get("/api/v1/models")
    assert bare.status_code == 401
    assert bare.headers["www-authenticate"].startswith("Bearer")
    assert bare.json()["type"] == "/api/v1/problems/token"
    for wrong in ("Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, "Bearer é"):
        head = {b"Authorization": wrong.encode("latin-1")}
        answer = guarded.http.get("/api/v1/models", headers=head)
        assert answer.status_code == 401, wrong
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.http.get("/api/v1/models", headers=right).status_code == 200
    for path in ("health", "ready"):
        assert guarded.http.get(f"/api/v1/{path}").status_code in (200, 503)
    assert guarded.http.get("/api/v1/openapi.json").status_code == 401
    assert guarded.http.get(f"/api/v1/models?token={TOKEN}").status_code == 401


def test_a_browser_shows_the_token_once(guarded: Served) -> None:
    assert guarded.http.get("/").status_code == 401
    assert guarded.http.get("/?token=x").status_code == 401
    answer = guarded.http.get(f"/?token={TOKEN}&page=compare")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?page=compare")
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.http.get("/api/v1/models").status_code == 200
    guarded.http.cookies.clear()
    ours = cookie.partition(";")[0]
    for others in ('theme={"dark":true}; ', "a=b c; "):  # cookies know no ports
        answer = guarded.http.get("/api/v1/models", headers={"Cookie": others + ours})
        assert answer.status_code == 200
    assert guarded.http.get("/api/v1/models").status_code == 401
    away = f"GET //evil.example/?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with guarded.raw(away.encode()) as wire:
        assert b"\r\nlocation: /evil.example/\r\n" in wire.recv(4096)


def test_hosts(server: Served, guarded: Served) -> None:
    def status(served: Served, host: str) -> int:
        return served.http.get("/api/v1/health", headers={"Host": host}).status_code

    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "192.168.1.9"):
        assert status(server, host) == 200, host
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[x", "@"):
        assert status(server, host) == 400, host
    assert status(guarded, "box.example:8000") == 200
    assert status(server, "box.example") == 400
    answer = server.http.get("/api/v1/models", headers={"Host": "evil.example"})
    assert answer.json()["type"] == "/api/v1/problems/host"


def test_pages_of_other_sites_may_not_send(server: Served) -> None:
    def send(origin: str) -> httpx.Response:
        return server.http.post("/api/v1/classify", content=b"x", headers={"Origin": origin})

    for origin in ("https://evil.example", "null", "http://localhost:1"):
        assert send(origin).status_code == 403
    assert send(server.url).status_code == 422
    assert send(SITE).json()["type"] == "/api/v1/problems/origin"


def test_cors_is_off_but_for_named_sites(server: Served, guarded: Served) -> None:
    ask = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    off = server.http.options("/api/v1/classify", headers=ask)
    assert "access-control-allow-origin" not in off.headers
    plain = server.http.get("/api/v1/models", headers={"Origin": SITE})
    assert "access-control-allow-origin" not in plain.headers
    on = guarded.http.options(
        "/api/v1/classify", headers={**ask, "Access-Control-Request-Headers": "authorization"}
    )
    assert (on.status_code, on.headers["access-control-allow-origin"]) == (200, SITE)
    other = guarded.http.options("/api/v1/classify", headers={**ask, "Origin": "https://e.example"})
    assert other.headers.get("access-control-allow-origin") is None
    right = {"Authorization": f"Bearer {TOKEN}", "Origin": SITE}
    answer = guarded.http.post("/api/v1/classify", content=b"x", headers=right)
    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == SITE


def test_headers_that_keep_browsers_safe(server: Served) -> None:
    for path in ("/api/v1/models", "/api/v1/nothing", "/"):
        headers = server.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "http:" not in headers["content-security-policy"]
        assert "server" not in headers
    strict = server.http.get("/api/v1/models").headers
    assert strict["content-security-policy"].startswith("default-src 'none'")
    assert strict["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "two words"},
        {"token": "wört"},
        {"cors_origins": ("*",)},
        {"port": 70000},
        {"limit_bytes": 0},
        {"queue_length": -1},
        {"limit_seconds": float("nan")},
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(GenrescopeError):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))
