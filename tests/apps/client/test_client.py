"""`genrescope.Client`: the library's results, from a server."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import genrescope
from genrescope.apps.results import from_plain, to_plain
from genrescope.apps.serving import Settings
from genrescope.apps.views import draw_view
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import load_models
from genrescope.models import find
from genrescope.types import (
    BusyError,
    Comparison,
    DecodeError,
    Failure,
    GenrescopeError,
    ModelNotFoundError,
    Prediction,
    ServingError,
    TooLargeError,
)
from tests.apps.conftest import MODEL, Served, gated, serving, until

SHORT = "country_short_1s5.mp3"
BOTH = (MODEL, "mobilenetv3_cqt")


@pytest.fixture(scope="module")
def line() -> Classifier:
    return Classifier(load_models(BOTH))


def leaves(plain: object, place: str = "") -> dict[str, object]:
    """What lies in a nested result, by where it lies."""
    if not isinstance(plain, (dict, list)):
        return {place: plain}
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain)
    return {
        at: leaf for key, value in inner for at, leaf in leaves(value, f"{place}/{key}").items()
    }


@pytest.mark.parametrize("name", [SHORT, "latin_casa_bossa_nova.m4a"])
def test_results_equal_the_librarys(
    server: Served, samples: Path, line: Classifier, name: str
) -> None:
    path = samples / name
    with genrescope.Client(server.url) as client:
        theirs = client.classify(path, BOTH)
        ours = line.classify(path)
        told, known = to_plain(theirs, per_window=True), to_plain(ours, per_window=True)
        assert leaves(told) == pytest.approx(leaves(known), abs=2e-4)  # theirs are rounded twice
        assert isinstance(theirs, Comparison)
        assert isinstance(ours, Comparison)
        for one, other in zip(theirs.predictions, ours.predictions, strict=True):
            assert (one.labels, one.model, one.source) == (other.labels, other.model, str(path))
            assert (one.notices, one.seconds) == (other.notices, round(other.seconds, 3))
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)
            np.testing.assert_allclose(one.per_window, other.per_window, atol=1e-6)
        with path.open("rb") as file:
            alone = client.classify(file, start=0.5, duration=1.0)
        assert isinstance(alone, Prediction)
        assert alone.model == MODEL
        assert [notice.code for notice in alone.notices][:1] == ["short"]


def test_bytes_and_spectrograms(server: Served, samples: Path) -> None:
    path = samples / SHORT
    with genrescope.Client(server.url + "/") as client:
        assert client.classify(io.BytesIO(path.read_bytes())).top(1)
        values = client.spectrogram(path, "cqt", hop=1024, duration=1.0)
        assert np.array_equal(
            values, draw_view(path, "cqt", hop=1024, duration=1.0).spectrogram.values
        )


def test_models_and_readiness(server: Served) -> None:
    with genrescope.Client(server.url) as client:
        assert client.ready()
        assert set(BOTH) <= set(client.models())
        assert client.card(MODEL) == find(MODEL).card


def test_many_recordings(server: Served, samples: Path, line: Classifier, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no song\n" * 300)
    with genrescope.Client(server.url) as client:
        absent = tmp_path / "absent.mp3"
        found = dict(client.batch([absent, samples / SHORT, broken], BOTH))
        missing = found.pop(0)
        assert isinstance(missing, Failure)
        assert (missing.source, missing.stage) == (str(absent), "audio")
        assert "no such file" in missing.reason
        assert [*client.batch([absent])] == [(0, missing)]
        found = {place - 1: result for place, result in found.items()}
        assert leaves(to_plain(found[0])) == pytest.approx(
            leaves(to_plain(line.classify(samples / SHORT))), abs=2e-4
        )
        failure = found[1]
        assert isinstance(failure, Failure)
        assert failure.source == str(broken)
        for _ in client.batch([samples / SHORT] * 4):
            break
    until(lambda: server.studio.uploads.count == 0)


def test_errors_are_the_librarys(server: Served, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("no song\n" * 300, encoding="utf-8")
    (tmp_path / "big.wav").write_bytes(bytes(2_500_000))
    with genrescope.Client(server.url) as client:
        for name, error, says in (
            ("none.wav", DecodeError, "no such file"),
            ("empty.wav", DecodeError, "0 bytes"),
            ("text.mp3", DecodeError, "text.mp3: not a sound file"),
            ("big.wav", TooLargeError, "larger than 2 MB"),
        ):
            with pytest.raises(error, match=says):
                client.classify(tmp_path / name)
        with pytest.raises(ModelNotFoundError, match="did you mean"):
            client.classify(samples / SHORT, ["mobilnetv3_mel"])
        with pytest.raises(GenrescopeError, match="two models"):
            client.compare(samples / SHORT, [MODEL])
        with pytest.raises(GenrescopeError, match="windows must be"):
            client.classify(samples / SHORT, windows="some")


def test_a_busy_server_a_token_and_no_server(samples: Path) -> None:
    settings = Settings(workers=1, queue_length=0, token="abc")
    with gated(settings) as (served, gate):
        with genrescope.Client(served.url) as client, pytest.raises(ServingError, match="token"):
            client.classify(samples / SHORT)
        with genrescope.Client(served.url, "abc") as client:
            ahead = served.studio.ask(samples / SHORT)
            with pytest.raises(BusyError) as refused:
                client.classify(samples / SHORT)
            assert refused.value.retry_seconds >= 1
            gate.open.set()
            ahead.result()
            assert client.classify(samples / SHORT).top(1)
    with genrescope.Client(served.url) as client:
        assert not client.ready()
        with pytest.raises(ServingError, match="genrescope serve"):
            client.classify(samples / SHORT)


@pytest.mark.parametrize("url", ["", "localhost", "ftp://x", "http://[", "http://x\n"])
def test_addresses_of_no_server(url: str) -> None:
    with pytest.raises(GenrescopeError), genrescope.Client(url) as client:
        client.models()


def test_another_kind_of_server(samples: Path) -> None:
    with serving(Settings()) as served, genrescope.Client(served.url + "/elsewhere") as client:
        with pytest.raises(GenrescopeError):
            client.classify(samples / SHORT)
        with pytest.raises(GenrescopeError):
            client.models()


@pytest.mark.parametrize("plain", [{}, {"models": []}, {"timeline": 3}, {"error": {}}])
def test_what_is_no_result(plain: dict[str, object]) -> None:
    with pytest.raises(GenrescopeError, match="not a result"):
        from_plain(plain)
