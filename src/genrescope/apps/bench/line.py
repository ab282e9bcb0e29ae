"""The whole line on one recording, beside librosa and eager PyTorch."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrescope.apps.bench.networks import fresh_network
from genrescope.apps.bench.timing import Call, Row, alone, pair
from genrescope.audio import listen
from genrescope.classification.classifier import Classifier, Model
from genrescope.types import ModelCard


def measure(source: Path, models: Sequence[Model], *, repeats: int = 7) -> list[Row]:
    """Decoding alone, then file to probabilities: one model at a time, and all together.

    Parameters
    ----------
    source : Path
    models : sequence of Model
    repeats : int

    Returns
    -------
    list of Row
    """
    rows = [alone("decode", lambda: _decode(source), repeats)]
    installed = all(importlib.util.find_spec(n) for n in ("librosa", "torch", "torchvision"))
    for model in models:
        classifier = Classifier([model])
        name = f"file to probabilities, {model.card.name}"

        def ours(classifier: Classifier = classifier) -> object:
            return classifier.classify(source)

        field = _field_way(source, model.card) if installed else None
        if field is None:
            rows.append(alone(name, ours, repeats))
        else:
            rows.append(pair(name, ours, "librosa + eager PyTorch", field, repeats))
    if len(models) > 1:
        every = Classifier(models)
        rows.append(alone(f"all {len(models)} models", lambda: every.classify(source), repeats))
    return rows


def _decode(source: Path) -> None:
    with listen(source) as recording:
        for _ in recording.blocks():
            pass


def _field_way(source: Path, card: ModelCard) -> Call | None:
    """Load, resample and draw with librosa, cut into windows, run eager PyTorch."""
    import librosa

    network = fresh_network(card)
    if network is None:
        return None
    from genrescope.learn.watching import torch_infer

    infer, spec = torch_infer(network, card.picture), card.spectrogram

    def run() -> object:
        samples, rate = librosa.load(source, sr=spec.sample_rate, mono=True)
        if spec.kind == "mel":
            power = librosa.feature.melspectrogram(
                y=samples, sr=rate, n_fft=spec.n_fft, hop_length=spec.hop_length, n_mels=spec.bands
            )
            values = librosa.power_to_db(power, ref=np.max)
        else:
            tones = librosa.cqt(samples, sr=rate, hop_length=spec.hop_length, n_bins=spec.bands)
            values = librosa.amplitude_to_db(np.abs(tones), ref=np.max)
        unit = (np.clip(values, -80, 0) / 80 + 1).astype(np.float32)
        count = max(1, unit.shape[1] // spec.frames)
        unit = np.resize(unit, (unit.shape[0], max(unit.shape[1], spec.frames)))
        windows = [unit[:, i * spec.frames : (i + 1) * spec.frames] for i in range(count)]
        return infer(np.stack(windows))

    return run
