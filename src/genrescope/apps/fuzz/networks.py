"""Hostile model files: read, and where reading lets them through, run."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from genrescope.apps.fuzz.findings import OPENED, Finding, Round
from genrescope.apps.fuzz.mutations import flip_bits, flip_head, overwrite, truncate
from genrescope.apps.fuzz.rounds import MOST_RESIDENT_BYTES, peak_bytes
from genrescope.apps.fuzz.spoiling import SPOILS
from genrescope.models import find, read_model
from genrescope.models.engines import open_engine
from genrescope.models.engines.openvino import CACHE_VARIABLE
from genrescope.types import GenrescopeError, ModelError

LONGEST_SECONDS = 60.0
BYTES = (flip_bits, flip_head, overwrite, truncate)

Say = Callable[[str], None]


def run_models(number: int, seed: int, files: int, model: str, say: Say) -> Round:
    """Try some spoilt copies of a model file.

    Parameters
    ----------
    number, seed : int
        What they are made from.
    files : int
    model : str
        Of which the copies are.
    say : callable
        Told what is begun.
    """
    os.environ[CACHE_VARIABLE] = ""  # what is compiled here is not worth keeping
    generator = np.random.default_rng([seed, number, 1])
    content = find(model).path.read_bytes()
    told = Round(number)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for _ in range(files):
            spoilt, recipe = spoil(content, generator)
            path = Path(folder) / "spoilt.onnx"
            path.write_bytes(spoilt)
            say(" > ".join(recipe))
            _try(path, recipe, told)
    told.seconds, told.peak_bytes = time.monotonic() - began, peak_bytes()
    if told.peak_bytes > 2 * MOST_RESIDENT_BYTES:
        told.findings.append(Finding("memory", OPENED, (), f"{told.peak_bytes / 2**20:.0f} MiB"))
    return told


def spoil(content: bytes, generator: np.random.Generator) -> tuple[bytes, tuple[str, ...]]:
    """A hostile copy of a model file, and how it was made."""
    import onnx

    recipe: list[str] = []
    if generator.random() < 0.8:
        model = onnx.load_model_from_string(content)
        for _ in range(int(generator.integers(1, 3))):
            name = list(SPOILS)[int(generator.integers(len(SPOILS)))]
            SPOILS[name](model, generator)
            recipe.append(name)
        content = model.SerializeToString()
    if not recipe or generator.random() < 0.1:
        change = BYTES[int(generator.integers(len(BYTES)))]
        content = change(content, generator)
        recipe.append(change.__name__)
    return content, tuple(recipe)


def _try(path: Path, recipe: tuple[str, ...], told: Round) -> None:
    began, answer = time.monotonic(), "run"
    stage = "read"
    try:
        model = read_model(path)
        stage = "load"
        engine = open_engine(model)
        picture = model.card.picture
        shape = (1, picture.channels, picture.height, picture.width)
        stage = "run"
        engine.run(np.full(shape, 0.5, dtype=np.float32))
    except ModelError as error:
        answer = f"{stage}: {type(error).__name__}"
    except GenrescopeError as error:
        answer = f"{stage}: {type(error).__name__}"
        told.findings.append(Finding("traceback", OPENED, recipe, repr(error)[:300]))
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        answer = f"{stage}: traceback"
        told.findings.append(Finding("traceback", OPENED, recipe, f"{stage}: {error!r}"[:400]))
    seconds = time.monotonic() - began
    told.count(answer, seconds)
    if seconds > LONGEST_SECONDS:
        told.findings.append(Finding("hang", OPENED, recipe, f"{seconds:.0f} s"))
