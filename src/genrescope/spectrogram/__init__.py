"""Spectrograms: one module a kind, each offering ``draw(waveform, spec) -> Spectrogram``.

A module of this folder is a kind when `genrescope.types.SpectrogramKind` has its name; the rest
(the picture, frequencies, decibels, blocks) serve the kinds.
"""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module
from typing import Protocol, cast, get_args

import numpy as np

from genrescope.types import (
    Spectrogram,
    SpectrogramError,
    SpectrogramKind,
    SpectrogramSpec,
    Waveform,
    refuse,
)

SCALE_LIMIT = 1e6
"""Samples beyond it are scaled down first, lest their power exceed float32."""


class Drawer(Protocol):
    """What a module that draws a kind offers."""

    def draw(self, waveform: Waveform, spec: SpectrogramSpec) -> Spectrogram:
        """Draw the whole waveform, centred: ``1 + samples // hop_length`` columns."""
        ...


def names() -> tuple[str, ...]:
    """The kinds found, sorted."""
    found = {module.name for module in pkgutil.iter_modules(__path__)}
    return tuple(sorted(found & set(get_args(SpectrogramKind))))


def load(name: str) -> Drawer:
    """Import the module that draws a kind.

    Raises
    ------
    SpectrogramError
        If there is none of that name.
    """
    if name not in names():
        raise SpectrogramError(f"no spectrogram {name!r}; there are: {', '.join(names())}")
    return cast(Drawer, import_module(f"{__name__}.{name}"))


def draw(waveform: Waveform, spec: SpectrogramSpec) -> Spectrogram:
    """Draw a waveform by a recipe.

    Parameters
    ----------
    waveform : Waveform
        At the recipe's rate, with at least one sample, all finite.
    spec : SpectrogramSpec

    Returns
    -------
    Spectrogram
        ``values`` float32 (spec.bands, 1 + samples // spec.hop_length), in dB relative to the
        loudest value of this waveform, all at the floor where it is silent; or by the
        recipe's own logarithm.

    Raises
    ------
    SpectrogramError
        If the rates differ, samples are missing or not finite, or the recipe's bins reach beyond
        half of the sample rate.

    Examples
    --------
    >>> from genrescope.types import GENRESCOPE_MEL
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050).astype(np.float32)
    >>> picture = draw(Waveform(tone, 22050), GENRESCOPE_MEL)
    >>> picture.values.shape, float(picture.values.max())
    ((128, 13), 0.0)
    """
    if waveform.sample_rate != spec.sample_rate:
        raise SpectrogramError(
            f"the sound has {waveform.sample_rate} Hz and the recipe needs {spec.sample_rate} Hz: "
            "resample it first"
        )
    refuse(waveform.samples.size == 0, "no sample to draw", SpectrogramError)
    finite = bool(np.isfinite(waveform.samples).all())
    refuse(not finite, "the sound holds samples that are no numbers", SpectrogramError)
    peak = max(float(waveform.samples.max()), -float(waveform.samples.min()))
    if peak > SCALE_LIMIT:
        waveform = replace(waveform, samples=waveform.samples / np.float32(peak))
    return load(spec.kind).draw(waveform, spec)
