"""The way the field does it: librosa draws, eager PyTorch runs the same network."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrescope.types import FloatArray, GenrescopeError, ModelCard, SpectrogramSpec

if TYPE_CHECKING:
    from genrescope.classification.looking import Model

NEEDED = ("librosa", "torch", "torchvision")
LABEL = "librosa + eager PyTorch"
FRESH = "its weights are fresh ones: ours cannot be taken back into PyTorch"

FIRST_SONG = """
import sys
from pathlib import Path
from genrescope.apps.bench import field
from genrescope.models import card_from_json
card = card_from_json(Path(sys.argv[2]).read_text(encoding="utf-8"))
field.field_way((card, field.fresh_network(card)))(sys.argv[1])
"""
"""A program of its own: takes a song's path and a card's."""


def is_installed() -> bool:
    """Whether librosa, PyTorch and torchvision are there."""
    return all(importlib.util.find_spec(name) for name in NEEDED)


def fresh_network(card: ModelCard) -> Any:
    """The same architecture in PyTorch, with fresh weights: time does not depend on them.

    None where PyTorch is not installed or the architecture is none of ours.
    """
    if not all(importlib.util.find_spec(name) for name in ("torch", "torchvision")):
        return None
    from genrescope.learn import networks

    if card.network not in networks.names():
        return None
    return networks.build(card.network, card.picture.channels, len(card.labels)).eval()


@lru_cache(maxsize=8)
def same_network(name: str) -> tuple[Any, str]:
    """An installed model's network in PyTorch, with its weights where they can be taken back.

    Parameters
    ----------
    name : str

    Returns
    -------
    network : torch.nn.Module or None
        None where PyTorch is not installed or the architecture is none of ours.
    note : str
        What is not the same, or "".
    """
    from genrescope.models import find

    model = find(name)
    network = fresh_network(model.card)
    if network is None:
        return None, ""
    from genrescope.learn.restore import restore_network

    try:
        return restore_network(model).eval(), ""
    except GenrescopeError:
        return network, FRESH


def way_of(*models: Model) -> tuple[Callable[[Path], list[FloatArray]] | None, str]:
    """`field_way` with models' own weights, and what is not the same; None where it cannot be."""
    if not is_installed():
        return None, ""
    rates = {model.card.spectrogram.sample_rate for model in models}
    networks = [same_network(model.path or model.card.name) for model in models]
    if len(rates) > 1 or any(network is None for network, _ in networks):
        return None, ""
    pairs = [(model.card, pair[0]) for model, pair in zip(models, networks, strict=True)]
    return field_way(*pairs), next((note for _, note in networks if note), "")


def field_way(*pairs: tuple[ModelCard, Any]) -> Callable[[Path | str], list[FloatArray]]:
    """Load, resample and draw with librosa, cut into windows, run eager PyTorch.

    Parameters
    ----------
    *pairs : (ModelCard, torch.nn.Module)
        Cards of one sample rate. A spectrogram that several want is drawn once.

    Returns
    -------
    callable
        From a sound's path to the logits of its windows, network by network.
    """
    import librosa

    from genrescope.learn.watching import torch_infer

    specs = dict.fromkeys(card.spectrogram for card, _ in pairs)
    looks = [(card.spectrogram, torch_infer(network, card.picture)) for card, network in pairs]
    (wanted,) = {spec.sample_rate for spec in specs}

    def run(source: Path | str) -> list[FloatArray]:
        samples, rate = librosa.load(source, sr=wanted, mono=True)
        windows = {
            spec: _windows(draw_with_librosa(samples, int(rate), spec), spec) for spec in specs
        }
        return [infer(windows[spec]) for spec, infer in looks]

    return run


def _windows(values: FloatArray, spec: SpectrogramSpec) -> FloatArray:
    """Decibels ``(bands, frames)`` as windows in [0, 1]; what is too short is repeated."""
    unit = (np.clip(values, -80, 0) / 80 + 1).astype(np.float32)
    count = max(1, unit.shape[1] // spec.frames)
    unit = np.resize(unit, (unit.shape[0], max(unit.shape[1], spec.frames)))
    return np.stack([unit[:, i * spec.frames : (i + 1) * spec.frames] for i in range(count)])


def draw_with_librosa(samples: FloatArray, rate: int, spec: SpectrogramSpec) -> FloatArray:
    """Librosa's spectrogram by a recipe.

    Parameters
    ----------
    samples : FloatArray
        ``(n,)``.
    rate : int
        Hz.
    spec : SpectrogramSpec

    Returns
    -------
    FloatArray
        ``(bands, frames)`` in dB relative to the greatest value.
    """
    import librosa

    shared: dict[str, Any] = {"y": samples, "sr": rate, "hop_length": spec.hop_length}
    if spec.kind == "mel":
        power = librosa.feature.melspectrogram(n_fft=spec.n_fft, n_mels=spec.bands, **shared)
        drawn: FloatArray = librosa.power_to_db(power, ref=np.max)
        return drawn
    tones = librosa.cqt(
        fmin=spec.low_hz, n_bins=spec.bands, bins_per_octave=spec.bins_per_octave, **shared
    )
    loud: FloatArray = librosa.amplitude_to_db(np.abs(tones), ref=np.max)
    return loud


def nnaudio_way(spec: SpectrogramSpec) -> Callable[[FloatArray], FloatArray] | None:
    """The constant-Q of nnAudio by a recipe: samples ``(n,)`` to dB ``(bands, frames)``.

    None where nnAudio or PyTorch is not installed, or the recipe is another kind's.
    """
    names = ("torch", "nnAudio")
    if spec.kind != "cqt" or not all(importlib.util.find_spec(name) for name in names):
        return None
    torch, features = import_module("torch"), import_module("nnAudio.features")
    transform = features.CQT1992v2(
        sr=spec.sample_rate,
        hop_length=spec.hop_length,
        fmin=spec.low_hz,
        n_bins=spec.bands,
        bins_per_octave=spec.bins_per_octave,
        verbose=False,
    )

    def draw(samples: FloatArray) -> FloatArray:
        with torch.inference_mode():
            tones = transform(torch.from_numpy(samples)[None]).numpy()[0]
        loud: FloatArray = 20 * np.log10(np.maximum(tones, 1e-5))
        return loud

    return draw


def torchaudio_way(spec: SpectrogramSpec) -> Callable[[FloatArray], FloatArray] | None:
    """The mel spectrogram of torchaudio by a recipe: samples ``(n,)`` to dB ``(bands, frames)``.

    None where torchaudio or PyTorch is not installed, torchaudio does not fit this PyTorch, or
    the recipe is another kind's.
    """
    names = ("torch", "torchaudio")
    if spec.kind != "mel" or not all(importlib.util.find_spec(name) for name in names):
        return None
    try:
        torch, transforms = import_module("torch"), import_module("torchaudio.transforms")
    except (ImportError, OSError, RuntimeError):  # built for another PyTorch
        return None
    mel = transforms.MelSpectrogram(
        sample_rate=spec.sample_rate,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        f_min=spec.low_hz,
        f_max=spec.high_hz,
        n_mels=spec.bands,
        norm="slaney",
        mel_scale="slaney",
    )
    decibels = transforms.AmplitudeToDB("power")

    def draw(samples: FloatArray) -> FloatArray:
        with torch.inference_mode():
            levels: FloatArray = decibels(mel(torch.from_numpy(samples))).numpy()
        below_loudest: FloatArray = levels - levels.max()
        return below_loudest

    return draw


def first_song(song: Path, card: Path) -> list[str]:
    """The command that does it once, from a cold start; `card` is a file of JSON."""
    return [sys.executable, "-c", FIRST_SONG, str(song), str(card)]
