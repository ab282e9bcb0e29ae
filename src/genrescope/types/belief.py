"""What comes out: `Prediction`, `Comparison`, `Failure`, `Report`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genrescope.types.card import Band, Score
from genrescope.types.errors import GenrescopeError, refuse
from genrescope.types.sound import FloatArray, Notice


def _check_rows(name: str, rows: FloatArray, width: int) -> None:
    refuse(
        rows.ndim != 2 or rows.shape[1] != width, f"{name} must be (n, {width})", GenrescopeError
    )


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What one model believes of one recording.

    Attributes
    ----------
    labels : tuple of str
    probabilities : ndarray of float32, shape (genres,)
        Non-negative, summing to 1.
    per_window : ndarray of float32, shape (windows, genres)
        The same for every window by itself.
    window_starts : tuple of float
        Where each window begins, in seconds from the source's beginning.
    model : str
    calibrated : bool
        Whether a temperature was fitted on validation data.
    source : str
    seconds : float
        Length of the recording, or of the stretch of it that was asked for.
    notices : tuple of Notice
    music : float, optional
        How sure the model is that this is music at all, in [0, 1]; below 0.5 lies what 95 % of
        music lies above. None where the model's card has no gauge for it.
    pretrained : bool
        Whether the network was trained by others, on data of theirs.
    embedding : ndarray of float32, shape (features,), optional
        What the network's last layer was given, the mean over windows: how alike two songs are
        to a model, in more than its genres. Only embeddings of one model can be compared.
    window_seconds : float
        How long a window is; 0 where that is not said.
    """

    labels: tuple[str, ...]
    probabilities: FloatArray
    per_window: FloatArray
    window_starts: tuple[float, ...]
    model: str
    calibrated: bool
    source: str = ""
    seconds: float = 0.0
    notices: tuple[Notice, ...] = ()
    music: float | None = None
    pretrained: bool = False
    embedding: FloatArray | None = None
    window_seconds: float = 0.0

    def __post_init__(self) -> None:
        width = len(self.labels)
        refuse(self.probabilities.shape != (width,), "one probability per label", GenrescopeError)
        _check_rows("per_window", self.per_window, width)
        many = len(self.window_starts) != self.per_window.shape[0]
        refuse(many, "one start per window", GenrescopeError)
        total = float(self.probabilities.sum())
        wrong = not np.isfinite(total) or abs(total - 1) > 1e-3
        refuse(wrong, f"probabilities sum to {total:g}, not 1", GenrescopeError)
        low = bool((self.probabilities < 0).any() or (self.per_window < 0).any())
        refuse(low, "a probability is negative", GenrescopeError)
        both = {self.probabilities.dtype, self.per_window.dtype}
        refuse(both != {np.dtype(np.float32)}, "probabilities must be float32", GenrescopeError)
        share = self.music is None or 0 <= self.music <= 1
        refuse(not share, f"confidence in music is {self.music}, not in [0, 1]", GenrescopeError)

    def top(self, n: int = 5) -> tuple[tuple[str, float], ...]:
        """The `n` most probable labels with their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[: max(0, n)]
        return tuple((self.labels[i], float(self.probabilities[i])) for i in order)

    @property
    def unseen_seconds(self) -> float:
        """How much of the sound lies in no window; 0 where the length of one is not said."""
        if not self.window_seconds:
            return 0.0
        starts = np.unique(self.window_starts)
        until_next = np.diff(starts, append=np.inf)
        seen = float(np.minimum(until_next, self.window_seconds).sum())
        return max(0.0, self.seconds - seen)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What several models believe of one recording.

    Attributes
    ----------
    predictions : tuple of Prediction
        Over the same labels in the same order.
    mean : ndarray of float32, shape (genres,)
        Geometric mean of their probabilities, made to sum to 1.
    agreement : float
        Share of the models whose first choice is the mean's, in (0, 1] or 0.
    divergence : float
        Generalised Jensen-Shannon divergence in bits, in [0, log2(models)].
    entropy : float
        Shannon entropy of the mean in bits.
    dissenters : tuple of (str, str)
        Models whose first choice is another, each with that choice.
    """

    predictions: tuple[Prediction, ...]
    mean: FloatArray
    agreement: float
    divergence: float
    entropy: float
    dissenters: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        refuse(len(self.predictions) < 2, "a comparison needs two models", GenrescopeError)
        shape = (len(self.predictions[0].labels),)
        refuse(self.mean.shape != shape, "one mean per label", GenrescopeError)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that all predictions share."""
        return self.predictions[0].labels

    @property
    def music(self) -> float | None:
        """Mean confidence that this is music at all, of the models that say; None if none does."""
        said = [p.music for p in self.predictions if p.music is not None]
        return sum(said) / len(said) if said else None

    def top(self, n: int = 5) -> tuple[tuple[str, float], ...]:
        """The `n` labels that are most probable in the mean, most probable first."""
        order = np.argsort(-self.mean, kind="stable")[: max(0, n)]
        return tuple((self.labels[i], float(self.mean[i])) for i in order)


@dataclass(frozen=True, slots=True)
class Failure:
    """One recording that could not be classified: a value, so that a run goes on."""

    source: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class HardSong:
    """A song whose genre a model thought improbable.

    Attributes
    ----------
    name, truth, choice : str
        What it is called, what it is, and what it was taken for.
    probability : float
        Of its true genre, in [0, 1].
    """

    name: str
    truth: str
    choice: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """How a model did on one labelled set.

    Attributes
    ----------
    model, dataset, split : str
    n : int
        Songs.
    scores : tuple of Score
        With 95 % bootstrap intervals over songs.
    labels : tuple of str
    confusion : ndarray of int64, shape (genres, genres)
        Rows are true labels, columns first choices.
    per_genre : tuple of (str, int, float)
        Label, songs, recall in [0, 1]; only labels with at least one song.
    data_digest : str
        SHA-256 over names and labels of the songs.
    bands : tuple of Band
        How often it was right, by the probability of its first choice.
    hardest : tuple of HardSong
        The least probable truth first.
    """

    model: str
    dataset: str
    split: str
    n: int
    scores: tuple[Score, ...]
    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    per_genre: tuple[tuple[str, int, float], ...] = field(default=())
    data_digest: str = ""
    bands: tuple[Band, ...] = ()
    hardest: tuple[HardSong, ...] = ()

    def score(self, metric: str) -> Score:
        """The score of that metric; raises `KeyError` where it was not measured."""
        for score in self.scores:
            if score.metric == metric:
                return score
        raise KeyError(metric)
