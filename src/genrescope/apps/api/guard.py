"""Who may ask: the host asked for, the page that asks, the token shown."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from genrescope.apps.api.context import PREFIX
from genrescope.apps.api.problems import refusal
from genrescope.apps.serving.settings import Settings

COOKIE = "genrescope"
OPEN_PATHS = frozenset([f"{PREFIX}/health", f"{PREFIX}/ready"])
"""What may be asked without a token."""
SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])


class HostCheck:
    """Answers only under names that are this machine's.

    A page elsewhere can have its own name point here (DNS rebinding) and then read the answers
    as its own; a name that is not ours is therefore refused. An address is always ours.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = {settings.host.lower(), *(n.lower() for n in settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan" or self._knows(host_of(Headers(scope=scope))):
            await self._app(scope, receive, send)
            return
        detail = "this server does not answer under that name; `--allow-host NAME` lets it"
        answer = refusal("host", detail)
        await refuse_with(answer, scope, receive, send)

    def _knows(self, host: str) -> bool:
        if host in self._names or host == "localhost" or host.endswith(".localhost"):
            return True
        return host in _own_names() or is_address(host)


@lru_cache(maxsize=1)
def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset([name, f"{name}.local"])


def host_of(headers: Headers) -> str:
    """The host that was asked for, without its port, in lower case; "" where there is none."""
    try:
        return (urlsplit(f"//{headers.get('host', '')}").hostname or "").lower()
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether it is an IP address and no name.

    Examples
    --------
    >>> is_address("192.168.1.2"), is_address("::1"), is_address("1.2.3.4.example")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class OriginCheck:
    """Refuses what a page of another site sends, but for the sites that may.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._sites = frozenset(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan" or self._may(scope):
            await self._app(scope, receive, send)
            return
        detail = "a page of another site may not ask this server; `--cors-origin SITE` lets it"
        answer = refusal("origin", detail)
        await refuse_with(answer, scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or scope.get("method") in SAFE_METHODS or origin in self._sites:
            return True
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class TokenCheck:
    """Lets in who shows the token: programs in a header, browsers once in the address.

    ``Authorization: Bearer TOKEN`` is for programs. A browser opens ``/?token=TOKEN``, is given
    a cookie that pages of other sites cannot send, and is sent on to the address without it.

    Parameters
    ----------
    app : ASGI application
    token : str
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()
        self._pass = hmac.new(self._token, b"genrescope cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN_PATHS or self._shown(scope):
            await self._app(scope, receive, send)
            return
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")
        of_page = scope["type"] == "http" and not scope["path"].startswith("/api/")
        if of_page and given is not None and self._is_token(given):
            await self._welcome(scope)(scope, receive, send)
        elif of_page:
            text = "This server asks for its token: open the address that it printed at its start,"
            answer = PlainTextResponse(f"{text} which ends in ?token=…\n", 401)
            await answer(scope, receive, send)
        else:
            await refuse_with(_no_token(), scope, receive, send)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def _shown(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        shown = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._pass.encode())

    def _welcome(self, scope: Scope) -> Response:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        path = "/" + scope["path"].lstrip("/")
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(COOKIE, self._pass, httponly=True, samesite="strict")
        return answer


def _no_token() -> Response:
    detail = "show the server's token: Authorization: Bearer TOKEN"
    headers = {"WWW-Authenticate": 'Bearer realm="genrescope"'}
    return refusal("token", detail, headers)


async def refuse_with(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send `answer`, or close a web socket before it is open."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope, receive, send)
