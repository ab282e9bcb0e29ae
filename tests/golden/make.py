"""Writes the stored outputs again: ``python -m tests.golden.make``, after a wanted change."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genrescope import spectrogram
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, FloatArray, Waveform

PATH = Path(__file__).with_name("chirp.npz")


def chirp() -> FloatArray:
    """Two seconds rising from 50 Hz to 4 kHz, with its third harmonic."""
    at = np.arange(2 * 22050) / 22050
    phase = 2 * np.pi * 50 * 2 / np.log(80) * (80 ** (at / 2) - 1)
    sound: FloatArray = (0.6 * np.sin(phase) + 0.2 * np.sin(3 * phase)).astype(np.float32)
    return sound


def make() -> None:
    """Draw the chirp by both recipes and store hundredths of dB."""
    drawn: dict[str, FloatArray] = {
        spec.kind: np.rint(spectrogram.draw(Waveform(chirp(), 22050), spec).values * 100)
        for spec in (GENRESCOPE_MEL, GENRESCOPE_CQT)
    }
    mel, cqt = (drawn[kind].astype(np.int16) for kind in ("mel", "cqt"))
    np.savez_compressed(PATH, mel=mel, cqt=cqt)


if __name__ == "__main__":
    make()
