"""The line: file → `Waveform` → windows → `Spectrogram` → picture → logits → `Prediction`.

It stands once: up to the spectrogram in `genrescope.classification.drawing`, from there on in
`genrescope.classification.looking`, and put together here. The command line, batch runs and
evaluation call it, and nothing writes a step of it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from genrescope.audio import ALL_WINDOWS, AudioSource, Change, WindowChoice
from genrescope.classification.agreement import compare
from genrescope.classification.drawing import Drawn, Heard, Tell, draw_source
from genrescope.classification.looking import Model, Tally, conclude, look_at
from genrescope.types import (
    AudioError,
    Comparison,
    ModelError,
    Prediction,
    SpectrogramSpec,
    refuse,
)


class Classifier:
    """Several models, ready to look at one recording after another.

    Parameters
    ----------
    models : sequence of Model
        At least one, with names that differ.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        names = [model.card.name for model in models]
        refuse(not names, "no model to classify with", ModelError)
        refuse(len(set(names)) != len(names), f"a model stands twice in {names}", ModelError)
        self.models = tuple(models)

    def classify(
        self,
        source: AudioSource,
        *,
        windows: WindowChoice = ALL_WINDOWS,
        start: float = 0.0,
        duration: float | None = None,
        tell: Tell | None = None,
        changes: Sequence[Change] = (),
    ) -> Prediction | Comparison:
        """Say what genre a recording is: one model's `Prediction`, or several's `Comparison`.

        Parameters
        ----------
        source : path or binary file
        windows : WindowChoice
        start, duration : float
            The stretch to look at, in seconds; to the end by default.
        tell : callable, optional
            Hears of progress.
        changes : sequence of Change
            Made to the sound first; the result's notices keep them.

        Raises
        ------
        AudioError
            If the source is no sound, or holds none.
        """
        sitting = self.sit()
        drawing = draw_source(
            source, self.specs, windows, stretch=(start, duration), tell=tell, changes=changes
        )
        for piece in drawing:
            sitting.take(piece)
        return sitting.conclude()

    @property
    def specs(self) -> tuple[SpectrogramSpec, ...]:
        """The recipes that the models need, each once."""
        return tuple(dict.fromkeys(model.card.spectrogram for model in self.models))

    def sit(self) -> Sitting:
        """Ready the networks for one recording, wherever its pieces are drawn."""
        return Sitting(self.models)


class Sitting:
    """One recording before the networks: pieces of `draw_source` in, a belief out.

    Parameters
    ----------
    models : sequence of Model
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)
        self._tallies = {model.card.name: Tally() for model in models}
        self._heard: Heard | None = None

    def take(self, piece: Drawn | Heard) -> None:
        """Show a piece to every network that its recipe is for.

        Raises
        ------
        EngineError
            If a network cannot be run.
        """
        if isinstance(piece, Heard):
            self._heard = piece
            return
        for model in self._models:
            if model.card.spectrogram == piece.spectrogram.spec:
                look_at(piece, model, self._tallies[model.card.name])

    def conclude(self) -> Prediction | Comparison:
        """What the networks believe, once the last piece was taken.

        Raises
        ------
        AudioError
            If no window could be cut from the recording, or it was not heard to its end.
        """
        if self._heard is None:
            raise AudioError("the recording was not heard to its end")
        predictions = [
            conclude(model.card, self._tallies[model.card.name], self._heard)
            for model in self._models
        ]
        return predictions[0] if len(predictions) == 1 else compare(predictions)
