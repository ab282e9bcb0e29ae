"""Whether a sound is music: features, confidence, and the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import genrescope
from genrescope.classification.music import (
    GROUPS,
    music_confidence,
    music_features,
    music_scores,
    texture,
)
from genrescope.models import save_model
from genrescope.types import Comparison, FloatArray, GenrescopeError, MusicGauge, Prediction
from tests import onnx_models


def windows(n: int = 3, bands: int = 84, frames: int = 40) -> FloatArray:
    return np.random.default_rng(0).uniform(0.2, 1, (n, bands, frames)).astype(np.float32)


def logits(n: int = 3, genres: int = 5) -> FloatArray:
    return np.random.default_rng(1).standard_normal((n, genres)).astype(np.float32)


def test_features_of_logits() -> None:
    rows = logits()
    energy = np.log(np.exp(rows.astype(np.float64)).sum(axis=1))
    given = music_features("energy", rows, windows())
    np.testing.assert_allclose(given[:, 0], energy, rtol=1e-5)
    assert np.array_equal(music_features("largest", rows, windows())[:, 0], rows.max(axis=1))
    both = music_features("logits", rows, windows())
    np.testing.assert_array_equal(both, np.concatenate([rows, given], axis=1))
    with pytest.raises(GenrescopeError, match="no feature 'mood'"):
        music_features("mood", rows, windows())


@pytest.mark.parametrize("bands", [16, 84, 96, 128])
def test_texture_is_what_it_says(bands: int) -> None:
    seen = windows(bands=bands)
    given = texture(seen).reshape(3, 4, GROUPS)
    heard = np.maximum(seen, 0.5).astype(np.float64)
    for group in range(GROUPS):
        part = heard[:, group * bands // GROUPS : (group + 1) * bands // GROUPS]
        level = part.mean(axis=1)
        rough = np.abs(np.diff(part, axis=1)).mean(axis=(1, 2)) if part.shape[1] > 1 else 0
        np.testing.assert_allclose(given[:, 1, group], level.std(axis=1), rtol=1e-4)
        change = np.abs(np.diff(level, axis=1)).mean(axis=1)
        np.testing.assert_allclose(given[:, 2, group], change, rtol=1e-4)
        np.testing.assert_allclose(given[:, 3, group], rough, rtol=1e-4)
    np.testing.assert_allclose(given[:, 0].sum(axis=1), 0, atol=1e-4)


def test_texture_looks_at_every_window_alone_and_not_below_the_floor() -> None:
    seen = windows()
    assert np.array_equal(texture(seen)[1:2], texture(seen[1:2]))
    deeper = np.where(seen < 0.5, seen / 2, seen).astype(np.float32)
    assert np.array_equal(texture(deeper), texture(seen))
    with pytest.raises(GenrescopeError, match="too few"):
        texture(windows(bands=15))


def test_a_gauge_of_another_network_is_refused() -> None:
    gauge = MusicGauge("logits", (1.0,) * 17, 0.0)
    with pytest.raises(GenrescopeError, match="17 weights for 6 features"):
        music_scores(gauge, logits(), windows())


def test_confidence_is_bounded_and_rises() -> None:
    given = [music_confidence(np.array([score])) for score in (-1e9, -2.0, 0.0, 2.0, 1e9)]
    assert given == sorted(given)
    assert given[2] == 0.5
    assert 0 <= given[0] < 1e-6
    assert given[4] <= 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    gauge = MusicGauge("energy", (2.0,), -3.0)
    card = onnx_models.card("gauged", music=gauge)
    save_model(onnx_models.graph(), card, tmp_path / "gauged.onnx")
    onnx_models.write(tmp_path, "plain", "cqt")
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    return tmp_path


def test_along_the_line(folder: Path, samples: Path) -> None:
    song = samples / "blues_black_bass.ogg"
    result = genrescope.classify(song, ["gauged"])
    assert isinstance(result, Prediction)
    assert result.music is not None
    shares = result.per_window.astype(np.float64)
    assert len(shares) > 1
    # Energies are not in a prediction; they are computed from the windows once more.
    from genrescope.audio import listen
    from genrescope.classification.drawing import draw_spans
    from genrescope.classification.looking import load_models, look

    model = load_models(["gauged"])[0]
    with listen(song) as recording:
        spans = [d.windows() for d in draw_spans(recording, [model.card.spectrogram])]
    energies = [np.log(np.exp(look(model, span).astype(float)).sum(axis=1)) for span in spans]
    mean = 2.0 * np.concatenate(energies).mean() - 3.0
    assert result.music == pytest.approx(1 / (1 + np.exp(-mean)), abs=1e-5)


def test_models_without_a_gauge_say_nothing(folder: Path, samples: Path) -> None:
    song = samples / "country_short_1s5.mp3"
    alone = genrescope.classify(song, ["plain"])
    assert alone.music is None
    both = genrescope.classify(song, ["plain", "gauged"])
    assert isinstance(both, Comparison)
    assert [p.music is None for p in both.predictions] == [True, False]
    assert both.music == both.predictions[1].music
