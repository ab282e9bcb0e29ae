"""What a server answers, as values and errors of the library."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from genrescope.apps.serving.problems import problem_named
from genrescope.types import BusyError, GenrescopeError, MissingExtraError, ServingError

if TYPE_CHECKING:
    import httpx


@contextmanager
def trouble(url: str) -> Iterator[None]:
    """Say in a sentence what keeps a server from answering.

    Raises
    ------
    ServingError
    """
    import httpx

    try:
        yield
    except httpx.ConnectError as error:
        raise ServingError(
            f"no server answers at {url}: start one with `genrescope serve` ({error})"
        ) from error
    except httpx.TimeoutException as error:
        raise ServingError(f"{url} did not answer in time") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise ServingError(f"{url} cannot be asked: {error or type(error).__name__}") from error


def refuse_problem(answer: httpx.Response) -> None:
    """Raise what a problem document says, as the error that it was on the server.

    Raises
    ------
    GenrescopeError
    """
    if answer.is_success:
        return
    plain = _members(answer)
    name = str(plain.get("type", "")).rpartition("/")[2]
    detail = str(plain.get("detail") or f"{answer.url} answers {answer.status_code}")
    kind = problem_named(name)
    if kind is None:
        raise ServingError(detail)
    if kind.error is BusyError:
        after = answer.headers.get("retry-after", "1")
        raise BusyError(detail, int(after) if after.isdecimal() else 1)
    if kind.error is MissingExtraError:
        raise ServingError(f"on the server: {detail}")
    raise kind.error(detail)


def _members(answer: httpx.Response) -> dict[str, Any]:
    try:
        plain = answer.json()
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def read_json(answer: httpx.Response) -> Any:
    """The JSON of an answer; raises `GenrescopeError` where it is none."""
    try:
        return answer.json()
    except ValueError as error:
        raise GenrescopeError(f"{answer.url} does not answer as Genrescope does") from error


def events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-sent events from the lines of a stream: each one's kind and data.

    Examples
    --------
    >>> list(events(["event: end", 'data: {"state": "done"}', ""]))
    [('end', {'state': 'done'})]
    """
    kind, data = "message", ""
    for line in lines:
        if not line:
            if data:
                yield kind, json.loads(data)
            kind, data = "message", ""
        elif line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data += line.removeprefix("data: ")
