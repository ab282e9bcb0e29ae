"""A server from its first breath to its last: `run`."""

from __future__ import annotations

import errno
import importlib.util
import logging
import socket
from collections.abc import Callable, Sequence
from importlib import import_module
from urllib.parse import quote

from genrescope.apps.serving.settings import Settings
from genrescope.types import GenrescopeError, MissingExtraError

Say = Callable[[str], None]

EVERYWHERE = frozenset(["0.0.0.0", "::"])
NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
STOPPING_SECONDS = 3
DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)
"""Nobody's address (RFC 5737). Choosing a way there sends nothing."""


def run(settings: Settings, models: Sequence[str], say: Say) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings : Settings
    models : sequence of str
        Default models; see `genrescope.apps.serving.shelf.Shelf`.
    say : callable
        Hears of what a person at the terminal should know.

    Raises
    ------
    MissingExtraError
        If the extra ``web`` is not installed.
    GenrescopeError
        If the address cannot be listened at.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError("the server", "web")
    listener = listen_at(settings.host, settings.port)
    try:
        _serve(listener, settings, models, say)
    finally:
        listener.close()


def _serve(listener: socket.socket, settings: Settings, models: Sequence[str], say: Say) -> None:
    import uvicorn

    from genrescope.apps.api.app import create_app
    from genrescope.apps.serving.studio import Studio

    _log_to_terminal()
    studio = Studio(models, settings)
    app = create_app(studio, settings)
    if importlib.util.find_spec("genrescope.apps.web") is None:
        say("the pages are not part of this installation: the API alone is served")
    else:
        import_module("genrescope.apps.web").mount(app, studio, settings)
    for line in greeting(settings, listener.getsockname()[1]):
        say(line)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOPPING_SECONDS,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        studio.close()
        say("stopped; no upload is left behind")


def _log_to_terminal() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("uvicorn.error", "httpx", "matplotlib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def listen_at(host: str, port: int) -> socket.socket:
    """A socket that listens there; another server's port is not shared.

    Raises
    ------
    GenrescopeError
        If the port is in use or not allowed, or the address is not this machine's; the message
        says what to type.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise GenrescopeError(f"no address {host!r} is known here ({error.strerror})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise GenrescopeError(_why(error, host, port)) from error
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    other = f"genrescope serve --port {port + 1 if 1024 <= port < 65535 else 8001}"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program; choose another: {other}"
    if error.errno == errno.EACCES:
        return f"port {port} is kept for the system's own programs; choose another: {other}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; leave --host out, or say 0.0.0.0"
    return f"cannot listen at {host}, port {port} ({error.strerror})"


def greeting(settings: Settings, port: int) -> list[str]:
    """What a person is told at the start: where to look.

    Examples
    --------
    >>> greeting(Settings(), 8000)[0]
    'Genrescope is at http://127.0.0.1:8000/'
    """
    everywhere = settings.host in EVERYWHERE
    ending = f"?token={quote(settings.token, safe='')}" if settings.token else ""
    host = "127.0.0.1" if everywhere else settings.host
    lines = [f"Genrescope is at {_address(host, port)}{ending}"]
    if everywhere:
        outer = lan_address()
        if outer:
            lines.append(f"from other machines: {_address(outer, port)}{ending}")
        if not settings.token:
            lines.append("anybody who can reach this machine may use it; --token asks for a word")
    lines.append(f"API: {_address(host, port)}api/v1/openapi.json    stop with Ctrl-C")
    return lines


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def lan_address() -> str:
    """The address of this machine in its network, or "" where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION_ADDRESS)
        except OSError:
            return ""
        return str(probe.getsockname()[0])
