"""Where evidence lies: exact maps, occlusion, and how far the two agree."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
from onnx import numpy_helper

from genrescope.audio import BandStop
from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model, load_models, look, see
from genrescope.explain import methods
from genrescope.explain.agreement import rank_agreement
from genrescope.explain.change import classify_changed, hear_changed, to_file
from genrescope.explain.explainer import explain
from genrescope.explain.masking import greatest, mask_window
from genrescope.models import find, read_model, save_model
from genrescope.models.engines import open_engine
from genrescope.models.weights import store_weights_int8
from genrescope.types import (
    FloatArray,
    GenrescopeError,
    Prediction,
    SilentAudioError,
    Waveform,
)
from tests import onnx_models

SHIPPED = ("mobilenetv3_mel", "efficientnet_b0_mel", "mobilenetv3_cqt")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, kind, seed in (("a_mel", "mel", 0), ("c_cqt", "cqt", 2)):
        onnx_models.write(tmp_path, name, kind, seed)
    monkeypatch.setenv("GENRESCOPE_MODELS", str(tmp_path))
    return tmp_path


def model_of(name: str) -> Model:
    (model,) = load_models([name])
    return model


def windows(count: int, seed: int = 0) -> FloatArray:
    shape = (count, 128, 128)
    return np.random.default_rng(seed).uniform(0, 1, shape).astype(np.float32)


def bias_in(path: Path) -> FloatArray:
    tensors = onnx.load(path).graph.initializer
    (found,) = (tensor for tensor in tensors if tensor.name == "bias")
    bias: FloatArray = numpy_helper.to_array(found)
    return bias


def test_the_map_and_the_bias_in_the_file_sum_to_the_logit(folder: Path) -> None:
    model, seen_windows = model_of("a_mel"), windows(3)
    seen = see(model, seen_windows)
    bias = bias_in(folder / "a_mel.onnx")
    for genre, logits in enumerate(seen.logits.T):
        found = methods.load("cam").find(model, seen_windows, seen, genre)
        assert found.bias == pytest.approx(bias[genre], abs=1e-3)
        assert found.cells.sum(axis=(1, 2)) + bias[genre] == pytest.approx(logits, abs=1e-3)
        assert found.by_band.sum(axis=1) + bias[genre] == pytest.approx(logits, abs=1e-3)
        assert found.by_time.sum(axis=1) + bias[genre] == pytest.approx(logits, abs=1e-3)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_networks_maps_are_exact_too(name: str, samples: Path) -> None:
    one = explain(model_of(name), samples / "jazz_vibe_ace.flac", method="cam")
    spec = one.spectrogram.spec
    assert one.bias is not None
    place = one.prediction.labels.index(one.label)
    scaled = (one.cells.sum(axis=(1, 2)) + one.bias) / model_of(name).card.temperature
    others = np.log(one.prediction.per_window[:, place])
    assert one.cells.shape == (1, 4, 4)
    assert one.evidence.shape == (spec.bands, spec.frames)
    again = explain(model_of(name), samples / "jazz_vibe_ace.flac", genre="blues", method="cam")
    blues = np.log(again.prediction.per_window[:, again.prediction.labels.index("Blues")])
    assert again.bias is not None
    lower = (again.cells.sum(axis=(1, 2)) + again.bias) / model_of(name).card.temperature
    assert scaled - lower == pytest.approx(others - blues, abs=1e-3)


def test_weights_stored_as_int8_move_the_map_but_not_the_sum(folder: Path) -> None:
    """The identity holds in int8 as in float32; the map itself moves by under a hundredth."""
    plain = onnx_models.graph()
    stored = save_model(store_weights_int8(plain), onnx_models.card("int8"), folder / "int8.onnx")
    small = Model(stored.card, open_engine(stored))
    pictures = windows(2)
    first, second = see(model_of("a_mel"), pictures), see(small, pictures)
    assert first.cam is not None
    assert second.cam is not None
    summed = second.cam.sum(axis=(2, 3)) + bias_in(folder / "int8.onnx")
    assert summed == pytest.approx(second.logits, abs=1e-3)
    gap = np.abs(first.cam - second.cam).max()
    assert 0 < gap < 0.01 * np.abs(first.cam).max()


@pytest.mark.parametrize("name", ["a_mel", "c_cqt"])
@pytest.mark.parametrize("method", methods.names())
def test_an_explanation_has_the_spectrograms_size(name: str, method: str, samples: Path) -> None:
    song = samples / "metal_armygeddon.mp3"
    one = explain(model_of(name), song, method=method)
    said = Classifier([model_of(name)]).classify(song)
    assert isinstance(said, Prediction)
    assert one.prediction.per_window == pytest.approx(said.per_window, abs=1e-6)
    assert one.label == said.top(1)[0][0]
    assert one.evidence.shape == one.spectrogram.values.shape
    assert 0 <= one.heat.min() < one.heat.max()
    assert one.method == method


def test_occlusion_finds_the_only_place_that_counts() -> None:
    """Where one corner of the picture alone is loud, silencing it alone changes the logit."""
    model, quiet = model_of("a_mel"), np.zeros((1, 128, 128), dtype=np.float32)
    quiet[:, 100:108, 36:44] = 1
    seen = see(model, quiet)
    found = methods.load("occlusion").find(model, quiet, seen, 2)
    places = np.abs(found.cells[0])
    assert np.unravel_index(places.argmax(), places.shape) == (6, 2)
    assert np.count_nonzero(places > 1e-5) == 1
    strips = [found.by_band[0], found.by_time[0]]
    heard = [set(np.flatnonzero(np.abs(strip) > 1e-5).tolist()) for strip in strips]
    assert heard[0]
    assert heard[0] <= {12, 13}
    assert heard[1]
    assert heard[1] <= {4, 5}
    changed = quiet.copy()
    changed[:, 96:112, 32:48] = 0
    loss = seen.logits[0, 2] - look(model, changed)[0, 2]
    assert found.cells[0, 6, 2] == pytest.approx(loss, abs=1e-6)


def test_an_untrained_networks_map_is_another(folder: Path) -> None:
    """Adebayo et al. 2018: a map that does not depend on the weights explains nothing."""
    for seed in (5, 6):
        onnx_models.write(folder, f"seed{seed}", "mel", seed)
    pictures = windows(4)
    maps = []
    for name in ("a_mel", "seed5", "seed6"):
        model = model_of(name)
        maps.append(methods.load("cam").find(model, pictures, see(model, pictures), 0).cells)
    assert rank_agreement(maps[0], maps[0]) == 1
    assert abs(rank_agreement(maps[0], maps[1])) < 0.9
    assert abs(rank_agreement(maps[1], maps[2])) < 0.9


def test_a_shipped_networks_maps_depend_on_what_it_learned(folder: Path, samples: Path) -> None:
    """The same file with its weights shuffled explains the same song in another way."""
    song = samples / "metal_armygeddon.mp3"
    graph = onnx.load(find("mobilenetv3_mel").path)
    generator = np.random.default_rng(0)
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim > 1:
            mixed = generator.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(mixed, tensor.name))
    path = folder / "untaught.onnx"
    card = replace(model_of("mobilenetv3_mel").card, name="untaught")
    save_model(graph, card, path)
    for method, most in (("cam", 0.6), ("occlusion", 0.6)):
        taught, untaught = (
            explain(model_of(name), song, genre="Rock", method=method).cells
            for name in ("mobilenetv3_mel", "untaught")
        )
        assert np.abs(untaught).max() > 0
        assert abs(rank_agreement(taught, untaught)) < most


def test_a_class_token_is_explained_by_occlusion(folder: Path, samples: Path) -> None:
    """Such a file gives no map: the message says what to do instead, and that is the default."""
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    import torch

    from genrescope.learn.export import export_graph
    from genrescope.learn.importing import networks

    card = onnx_models.card("vit")
    network: Any = networks.build("vit_b_16", card.picture)
    network.encoder.layers = network.encoder.layers[:1]
    network.heads = torch.nn.Linear(network.hidden_dim, len(card.labels))
    save_model(export_graph(network, card.picture), card, folder / "vit.onnx")
    model = model_of("vit")
    with pytest.raises(GenrescopeError, match="vit gives no class activation map: explain it by"):
        explain(model, samples / "jazz_vibe_ace.flac", method="cam")
    one = explain(model, samples / "jazz_vibe_ace.flac", duration=10)
    assert one.method == "occlusion"
    assert np.abs(one.cells).max() > 0


def test_only_the_first_span_is_explained_and_it_says_so(tmp_path: Path) -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal(22050 * 75).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", sound, 22050)
    first = explain(model_of("a_mel"), tmp_path / "long.wav")
    assert len(first.cells) == 3
    assert [n.code for n in first.prediction.notices] == ["part"]
    later = explain(model_of("a_mel"), tmp_path / "long.wav", start=40.0, duration=20.1)
    assert later.spectrogram.start == pytest.approx(40.0, abs=0.01)
    assert len(later.cells) == 2
    assert not later.prediction.notices


def test_silence_is_not_explained(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros(8000 * 40, np.float32), 8000)
    with pytest.raises(SilentAudioError):
        explain(model_of("a_mel"), tmp_path / "quiet.wav")


@pytest.mark.parametrize("rate", [44_100, 96_001, 768_000])
def test_a_changed_sound_is_a_file_at_any_rate(rate: int) -> None:
    sound = Waveform(np.zeros(rate // 10, np.float32), rate)
    with soundfile.SoundFile(io.BytesIO(to_file(sound, "FLAC"))) as file:
        assert file.samplerate == (rate if rate == 44_100 else 48_000)
        assert file.frames == pytest.approx(file.samplerate / 10, abs=2)


def test_what_cannot_be_explained_is_said(folder: Path, samples: Path) -> None:
    song = samples / "jazz_vibe_ace.flac"
    with pytest.raises(GenrescopeError, match="does not know 'Polka'; it knows: Jazz"):
        explain(model_of("a_mel"), song, genre="Polka")
    with pytest.raises(GenrescopeError, match="cam, occlusion"):
        explain(model_of("a_mel"), song, method="tea leaves")
    graph = onnx_models.graph()
    del graph.graph.output[1]
    save_model(graph, onnx_models.card("mapless"), folder / "mapless.onnx")
    assert read_model(folder / "mapless.onnx").cam_shape is None
    with pytest.raises(GenrescopeError, match="explain it by occlusion"):
        explain(model_of("mapless"), song, method="cam")
    assert explain(model_of("mapless"), song, method="occlusion").bias is None


def test_masking_asks_the_model_again() -> None:
    """What is lost is what a second look says, and random places depend on the generator alone."""
    model, window = model_of("a_mel"), windows(1)[0]
    first = mask_window(model, window, "occlusion", np.random.default_rng(1))
    again = mask_window(model, window, "occlusion", np.random.default_rng(1))
    assert (first.hottest, first.elsewhere) == (again.hottest, again.elsewhere)
    logits = look(model, window[None])
    genre = int(logits[0].argmax())
    quiet = np.where(greatest(window), np.float32(0), window)
    both = apply_temperature(np.stack([logits[0], look(model, quiet[None])[0]]), 1.5)[:, genre]
    assert first.loudest == pytest.approx(both[0] - both[1], abs=1e-6)
    assert first.hottest > first.elsewhere


def test_leaving_a_band_out_moves_what_is_said(samples: Path) -> None:
    classifier = Classifier([model_of("a_mel"), model_of("c_cqt")])
    song = samples / "hiphop_snow_drift_mono.mp3"
    moved = classify_changed(classifier, song, [BandStop(0, 250)])
    for before, after in moved.pairs:
        assert before.model == after.model
        assert np.abs(before.probabilities - after.probabilities).max() > 1e-3
        assert [n.code for n in after.notices if n not in before.notices] == ["band-stop"]
    heard = hear_changed(song, [BandStop(0, 250)], duration=2.0)
    assert heard.seconds == pytest.approx(2.0, abs=0.01)
    with soundfile.SoundFile(io.BytesIO(to_file(heard))) as file:
        assert (file.samplerate, file.frames) == (heard.sample_rate, heard.samples.size)
