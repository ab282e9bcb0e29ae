"""What tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of free-licence music that comes with the project."""
    return SAMPLES
