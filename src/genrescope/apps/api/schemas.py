"""The shapes of what the API answers, for its description.

Answers are made by `genrescope.apps.results`, as those of the command line are; these models
describe them, and a test holds the two together. ``examples`` holds real answers, one a shape;
``tests/apps/api/test_description.py`` says how they were made, and makes them again.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Probabilities = dict[str, float]


def examples_of(shape: str) -> list[Any]:
    """Answers of that shape that a server gave; empty where none is kept."""
    kept = resources.files(__package__).joinpath("examples", f"{shape}.json")
    return [json.loads(kept.read_text(encoding="utf-8"))] if kept.is_file() else []


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoticeShape(_Shape):
    """Something about the sound that a careful listener would want to know."""

    code: str = Field(examples=["band-limited"])
    message: str
    value: float


class WindowShape(_Shape):
    """One window by itself."""

    start: float = Field(description="In seconds from the recording's beginning.")
    probabilities: Probabilities


class PredictionShape(_Shape):
    """What one model believes of a recording."""

    source: str = Field(examples=["jazz_vibe_ace.flac"])
    model: str = Field(examples=["mobilenetv3_mel"])
    genre: str = Field(examples=["Jazz"])
    probability: float = Field(examples=[0.6243])
    probabilities: Probabilities = Field(examples=[{"Jazz": 0.624301, "Blues": 0.201544}])
    calibrated: bool
    pretrained: bool = Field(description="Whether others trained the network.")
    music: float | None = Field(
        description="How sure the model is that this is music at all; null where it cannot say."
    )
    seconds: float = Field(examples=[15.0])
    windows: int = Field(examples=[1])
    window_seconds: float = Field(examples=[10.031], description="Length of a window.")
    unseen_seconds: float = Field(
        examples=[4.969], description="How much of the recording lies in no window."
    )
    notices: list[NoticeShape]
    timeline: list[WindowShape] | None = None


class DissenterShape(_Shape):
    """A model whose first choice is not the mean's."""

    model: str
    genre: str


class ComparisonShape(_Shape):
    """What several models believe of a recording, and what they say together."""

    source: str
    mean: Probabilities
    genre: str
    agreement: float = Field(description="Share of the models whose first choice is the mean's.")
    divergence_bits: float = Field(description="Generalised Jensen-Shannon divergence.")
    entropy_bits: float
    music: float | None = Field(description="Mean of what the models say of it.")
    dissenters: list[DissenterShape]
    models: list[PredictionShape]


class ErrorShape(_Shape):
    """Why one recording of a job could not be classified."""

    stage: str
    reason: str


class FailureShape(_Shape):
    """One recording of a job that could not be classified."""

    source: str
    error: ErrorShape


class ProgressShape(_Shape):
    """How far one recording of a job is."""

    file: int = Field(description="Its place among the files sent, from 0.")
    source: str
    step: Literal["waiting", "listening", "looking", "done"]
    heard_seconds: float
    length_seconds: float | None
    model: str


class JobResultShape(_Shape):
    """What came of one file of a job."""

    file: int
    result: PredictionShape | ComparisonShape | FailureShape


class JobShape(_Shape):
    """A job, as far as it is."""

    id: str
    state: Literal["working", "done", "stopped"]
    files: list[str]
    done: int
    failed: int
    working: list[ProgressShape]
    results: list[JobResultShape]


class ModelShape(_Shape):
    """A model file that the server found."""

    name: str
    place: str
    kind: Literal["mel", "cqt"] | None
    labels: list[str] | None
    description: str | None
    loaded: bool
    default: bool = Field(description="Whether it answers where no model is named.")
    problem: str | None = Field(description="Why it cannot be used.")


class CardShape(_Shape):
    """Everything that a model says of itself."""

    name: str
    loaded: bool
    engine: dict[str, str] | None = Field(description="What runs it; null where not loaded.")
    card: dict[str, Any]


class SpectrogramShape(_Shape):
    """A spectrogram as numbers: ``values[band][column]`` in dB below the loudest."""

    source: str
    kind: Literal["mel", "cqt"]
    sample_rate: int
    hop_length: int
    dynamic_range_db: float
    whole: bool = Field(description="False where it was too long to draw all of it.")
    band_hz: list[float]
    frame_seconds: list[float]
    values: list[list[float]]


class PictureShape(_Shape):
    """What a network is given: ``values[channel][row][column]``, row 0 the lowest band.

    The example holds the first rows and columns alone.
    """

    source: str
    model: str
    shape: list[int]
    values: list[list[list[float]]]


class ExplanationShape(_Shape):
    """Where one model's evidence for a genre lies, in logits; negative is against it."""

    source: str
    model: str
    genre: str
    probability: float
    method: Literal["cam", "occlusion"]
    bias: float | None = Field(description="A window's cells and this sum to its logit; of `cam`.")
    window_starts: list[float]
    window_seconds: float
    cells: list[list[list[float]]] = Field(description="`cells[window][row][column]`, row 0 low.")
    band_hz: list[float]
    by_band: list[float] = Field(description="A value a band: the mean over the windows.")
    frame_seconds: list[float]
    by_time: list[float] = Field(description="A value a column.")
    notices: list[NoticeShape]


class ChangeShape(_Shape):
    """Results before and after a change to the sound."""

    before: PredictionShape | ComparisonShape
    after: PredictionShape | ComparisonShape


class ExplainedShape(_Shape):
    """Explanations, one a model, and what a change did where one was asked for."""

    explanations: list[ExplanationShape]
    change: ChangeShape | None = None


class SegmentShape(_Shape):
    """A stretch through which the answer stays the same."""

    start: float
    end: float
    genre: str
    probability: float


class StepShape(_Shape):
    """One step of a timeline: the mean of the models, and each of several by itself."""

    second: float = Field(description="The middle of the step.")
    probabilities: Probabilities
    divergence_bits: float | None = None
    models: dict[str, Probabilities] | None = None


class TimelineShape(_Shape):
    """Probabilities over the course of a recording."""

    source: str
    step_seconds: float
    segments: list[SegmentShape]
    steps: list[StepShape]
    result: PredictionShape | ComparisonShape


class ProblemShape(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["/api/v1/problems/not-a-sound"])
    title: str = Field(examples=["The file is not a sound that can be read"])
    status: int = Field(examples=[422])
    detail: str = Field(
        examples=["song.mp3: not a sound file that can be read (soundfile: Format not recognised)"]
    )
