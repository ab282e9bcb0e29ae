"""The library's front door."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import genrescope

HEAVY = {
    *("torch", "openvino", "onnx", "onnxruntime"),
    *("librosa", "matplotlib", "scipy", "PIL", "gradio", "rich", "typer"),
    *("soundfile", "av", "soxr"),
    *("fastapi", "httpx", "pydantic", "starlette", "uvicorn"),
}


def test_public_names() -> None:
    assert genrescope.__all__ == [
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
    assert all(hasattr(genrescope, name) for name in genrescope.__all__)


def test_the_version_stands_in_one_place() -> None:
    assert version("genrescope") == genrescope.__version__


def test_importing_is_cheap() -> None:
    program = "import sys, genrescope; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not HEAVY & set(done.stdout.decode().split())


def test_the_function_outlives_its_first_call() -> None:
    program = (
        "import genrescope, genrescope.classification.classifier as c; "
        "assert callable(genrescope.classify)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
