"""`Client`: the library's answers, worked out by a server."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import quote

import numpy as np

from genrescope.apps.client.answers import events, read_json, refuse_problem, trouble
from genrescope.apps.results import from_plain
from genrescope.types import (
    AudioError,
    Comparison,
    DecodeError,
    Failure,
    FloatArray,
    GenrescopeError,
    MissingExtraError,
    ModelCard,
    Prediction,
    SpectrogramKind,
)

if TYPE_CHECKING:
    import httpx

    from genrescope.audio.source import FileSource

T = TypeVar("T", Prediction | Comparison, Prediction | Comparison | Failure)

PREFIX = "/api/v1"


class Client:
    """Asks a server that ``genrescope serve`` has started. A context manager.

    Parameters
    ----------
    url : str
        As the server prints it, e.g. ``http://127.0.0.1:8000``.
    token : str, optional
        What the server was started with.
    timeout_seconds : float
        How long to wait for an answer.

    Raises
    ------
    MissingExtraError
        If the extra ``web`` is not installed.

    Examples
    --------
    >>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
    ...     client.classify("samples/jazz_vibe_ace.flac").top(1)
    (('Jazz', 0.644101),)
    """

    def __init__(self, url: str, token: str | None = None, timeout_seconds: float = 120.0) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("the client", "web") from error
        try:
            self._http = httpx.Client(
                base_url=url.rstrip("/") + PREFIX,
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=timeout_seconds,
                follow_redirects=False,
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise GenrescopeError(f"{url!r} is no address of a server ({error})") from error
        self._url = url

    def classify(
        self,
        source: FileSource,
        models: Sequence[str] = (),
        *,
        windows: str = "all",
        start: float = 0.0,
        duration: float | None = None,
    ) -> Prediction | Comparison:
        """What `genrescope.classify` gives, to six decimals. Parameters as there.

        Raises
        ------
        GenrescopeError
            The very errors of `genrescope.classify`, and `BusyError`, `TimeLimitError`,
            `TooLargeError`.
        """
        wanted = {**_question(models, windows, start, duration), "timeline": "true"}
        plain = self._send("/classify", source, wanted)
        result = from_plain(read_json(plain))
        if isinstance(result, Failure):
            raise GenrescopeError(f"{self._url} answers with a failure: {result.reason}")
        return _named_as(result, _name(source))

    def compare(
        self,
        source: FileSource,
        models: Sequence[str] = (),
        *,
        windows: str = "all",
        start: float = 0.0,
        duration: float | None = None,
    ) -> Comparison:
        """As `classify`, by all usable models unless some are named."""
        asked = models or ("all",)
        result = self.classify(source, asked, windows=windows, start=start, duration=duration)
        if isinstance(result, Prediction):
            raise GenrescopeError("a comparison needs two models")
        return result

    def spectrogram(
        self,
        source: FileSource,
        kind: SpectrogramKind = "mel",
        *,
        hop: int = 512,
        start: float = 0.0,
        duration: float | None = None,
    ) -> FloatArray:
        """A spectrogram in dB below the loudest, float32 (bands, columns)."""
        wanted: dict[str, Any] = {"form": "npy", "kind": kind, "hop": hop, "start": start}
        if duration is not None:
            wanted["duration"] = duration
        answer = self._send("/spectrogram", source, wanted)
        return cast(FloatArray, np.load(io.BytesIO(answer.content), allow_pickle=False))

    def batch(
        self,
        sources: Sequence[FileSource],
        models: Sequence[str] = (),
        *,
        windows: str = "all",
    ) -> Iterator[tuple[int, Prediction | Comparison | Failure]]:
        """Classify many recordings in one job; results in the order in which they are done.

        The job is stopped where the iteration is ended early.

        Yields
        ------
        place : int
            Which of the sources.
        result : Prediction, Comparison or Failure
            A file that is not here is a failure, too, and the first to be told of.
        """
        wanted = _question(models, windows, 0.0, None)
        with ExitStack() as stack:
            files, places = [], []
            for place, source in enumerate(sources):
                try:
                    files.append(("files", (_name(source), _opened(source, stack))))
                    places.append(place)
                except AudioError as error:
                    yield place, Failure(_name(source), "audio", str(error))
            if not files:
                return
            job = read_json(self._post("/jobs", files, wanted))
        try:
            for number, plain in self._results(str(job["id"])):
                place = places[number]
                yield place, _named_as(from_plain(plain), _name(sources[place]))
        finally:
            self._request("DELETE", f"/jobs/{job['id']}")

    def _results(self, number: str) -> Iterator[tuple[int, dict[str, Any]]]:
        path = f"/jobs/{number}/events?timeline=true"
        with trouble(self._url), self._http.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
            refuse_problem(answer)
            for kind, data in events(answer.iter_lines()):
                if kind == "result":
                    yield int(data["file"]), data["result"]

    def models(self) -> tuple[str, ...]:
        """Names of the models that can be asked for."""
        found = read_json(self._request("GET", "/models"))
        return tuple(one["name"] for one in found if not one["problem"])

    def card(self, name: str) -> ModelCard:
        """A model's card."""
        from genrescope.models import card_from_json

        plain = read_json(self._request("GET", f"/models/{quote(name, safe='')}"))
        return card_from_json(json.dumps(plain["card"]))

    def ready(self) -> bool:
        """Whether the server answers and has loaded its models."""
        try:
            self._request("GET", "/ready")
        except GenrescopeError:
            return False
        return True

    def _send(self, path: str, source: FileSource, wanted: dict[str, Any]) -> httpx.Response:
        with ExitStack() as stack:
            files = [("file", (_name(source), _opened(source, stack)))]
            return self._post(path, files, wanted)

    def _post(
        self, path: str, files: list[tuple[str, Any]], wanted: dict[str, Any]
    ) -> httpx.Response:
        return self._request("POST", path, files=files, params=wanted)

    def _request(self, method: str, path: str, **how: Any) -> httpx.Response:
        with trouble(self._url):
            answer = self._http.request(method, path, **how)
        refuse_problem(answer)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _question(
    models: Sequence[str], windows: str, start: float, duration: float | None
) -> dict[str, Any]:
    wanted: dict[str, Any] = {"model": list(models), "windows": windows, "start": start}
    return wanted if duration is None else {**wanted, "duration": duration}


def _name(source: FileSource) -> str:
    from genrescope.audio.source import source_name

    return source_name(source)


def _opened(source: FileSource, stack: ExitStack) -> IO[bytes]:
    if not isinstance(source, str | os.PathLike):
        return source
    from genrescope.audio.source import open_source

    file, owned = open_source(source)
    if owned:
        stack.callback(file.close)
    if file.seek(0, os.SEEK_END) == 0:
        raise DecodeError(f"{_name(source)}: the file is empty (0 bytes)")
    file.seek(0)
    return file


def _named_as(result: T, name: str) -> T:
    """The same with the caller's name for the source: the server knows its last part only."""
    if isinstance(result, Comparison):
        named = tuple(replace(one, source=name) for one in result.predictions)
        return cast(T, replace(result, predictions=named))
    return cast(T, replace(result, source=name))
