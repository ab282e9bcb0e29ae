"""``genrescope doctor``: is everything there, and does it work."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from rich.text import Text

from genrescope import __version__
from genrescope.apps.cli import show
from genrescope.types import GenrescopeError

PACKAGES = ("numpy", "scipy", "soundfile", "av", "soxr", "onnx", "openvino")
OPTIONAL = ("onnxruntime", "torch", "torchvision", "librosa")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's screen."""

    what: str
    good: bool
    text: str


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check versions, decoders, engines, devices, models and cache, and classify a test sound.

    Example: `genrescope doctor`
    """
    findings = [Finding("genrescope", True, f"{__version__}, Python {platform.python_version()}")]
    for what, check in CHECKS.items():
        try:
            findings.append(Finding(what, True, check()))
        except (GenrescopeError, ImportError, OSError, RuntimeError) as error:
            findings.append(Finding(what, False, str(error)))
    if as_json:
        sys.stdout.write(json.dumps([asdict(f) for f in findings], ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            mark = ("✓", "green") if finding.good else ("✗", "bold red")
            line = Text(mark[0], style=mark[1]) + Text(f" {finding.what:<11}", style="dim")
            show.out().print(line + Text(finding.text), highlight=False)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _packages() -> str:
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def _optional() -> str:
    found = []
    for name in OPTIONAL:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} –")
    return ", ".join(found)


def _decoders() -> str:
    import av
    import soundfile

    return f"libsndfile {soundfile.__libsndfile_version__}, FFmpeg {av.ffmpeg_version_info}"


def _engines() -> str:
    from genrescope.models import engines

    parts = []
    for name in engines.names():
        module = engines.load(name)
        there, text = module.available()
        devices = f" on {', '.join(module.devices())}" if there else ""
        parts.append(f"{name} {text}{devices}")
    return "; ".join(parts)


def _models() -> str:
    from genrescope import models

    listings = models.list_models()
    broken = [one for one in listings if one.problem]
    if broken:
        raise GenrescopeError("; ".join(one.problem for one in broken))
    if not listings:
        raise GenrescopeError("no model file is there")
    return ", ".join(f"{one.name} ({one.place})" for one in listings)


def _cache() -> str:
    from genrescope.models.engines.openvino import CACHE_VARIABLE, cache_folder

    folder = cache_folder()
    return str(folder) if folder else f"none; {CACHE_VARIABLE} can name a folder for it"


def _self_test() -> str:
    import io

    import numpy as np
    import soundfile

    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models

    seconds = np.arange(12 * 22050) / 22050
    tones = sum(np.sin(2 * np.pi * hz * seconds) / 8 for hz in (220.0, 277.2, 329.6))
    sound = io.BytesIO()
    soundfile.write(sound, np.asarray(tones, dtype=np.float32), 22050, format="WAV")
    models = load_models()
    began = time.perf_counter()
    sound.seek(0)
    result = Classifier(models).classify(sound)
    took = (time.perf_counter() - began) * 1000
    if not result.top(1):
        raise GenrescopeError("a test sound came out without a probability")
    engine = models[0].engine
    return (
        f"12 s of sound went to probabilities through {models[0].card.name} in {took:.0f} ms; "
        f"{engine.name} on {engine.device} computes in {engine.precision}: {engine.reason}"
    )


CHECKS: dict[str, Callable[[], str]] = {
    "packages": _packages,
    "optional": _optional,
    "decoders": _decoders,
    "engines": _engines,
    "models": _models,
    "cache": _cache,
    "self-test": _self_test,
}
