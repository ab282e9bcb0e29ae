"""See what genre a piece of music is: a spectrogram, image networks, and how far to trust them.

>>> import genrescope
>>> result = genrescope.classify("samples/jazz_vibe_ace.flac")  # doctest: +SKIP
>>> result.top(3)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genrescope.apps.client import Client
    from genrescope.audio import AudioSource
    from genrescope.types import (
        AudioError,
        Comparison,
        Failure,
        GenrescopeError,
        ModelCard,
        ModelError,
        Notice,
        Prediction,
        Spectrogram,
        SpectrogramSpec,
        Waveform,
    )

__version__ = "0.1.0"

__all__ = [
    "AudioError",
    "Client",
    "Comparison",
    "Failure",
    "GenrescopeError",
    "ModelCard",
    "ModelError",
    "Notice",
    "Prediction",
    "Spectrogram",
    "SpectrogramSpec",
    "Waveform",
    "__version__",
    "classify",
]


def __getattr__(name: str) -> Any:
    """What is imported when it is first asked for: all that needs more than Python."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "genrescope.apps.client" if name == "Client" else "genrescope.types"
    return globals().setdefault(name, getattr(import_module(home), name))


def classify(
    source: AudioSource,
    models: Sequence[str] = (),
    *,
    windows: str | int = "all",
    start: float = 0.0,
    duration: float | None = None,
) -> Prediction | Comparison:
    """Say what genre a recording is.

    Parameters
    ----------
    source : str, path or binary file
        Anything that libsndfile or FFmpeg can decode.
    models : sequence of str
        Names or paths of model files, or one of them, or ``"all"``; the default model where empty.
    windows : str or int
        ``all``, ``first``, ``centre``, or a number of windows spread evenly.
    start, duration : float
        The stretch to look at, in seconds; from the beginning to the end by default.

    Returns
    -------
    Prediction or Comparison
        A `Prediction` from one model, a `Comparison` from several.

    Raises
    ------
    AudioError
        If the source is no sound, or holds none.
    ModelError
        If a model is not there or cannot be run.

    Notes
    -----
    The models stay loaded until a call names others, so a loop over recordings loads them once.
    Where that memory is not to be held, keep a `genrescope.classification.classifier.Classifier`
    as long as it is needed.
    """
    from genrescope.audio import parse_windows
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import KEPT

    choice = parse_windows(str(windows))
    classifier = Classifier(KEPT.models(models))
    return classifier.classify(source, windows=choice, start=start, duration=duration)
