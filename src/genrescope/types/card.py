"""What a model says of itself: `PictureSpec`, `TrainingSource`, `Score`, `ModelCard`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from genrescope.types.errors import CardError, refuse
from genrescope.types.sound import SpectrogramSpec

CARD_FORMAT = 1
"""The card format that this version writes, and the newest that it reads."""

TEMPERATURES = (1e-3, 1e3)
"""Least and greatest that a card may state: beyond them probabilities are all 0 and 1, or alike."""

ColourMap = Literal["", "cividis", "inferno", "jet", "magma", "plasma", "turbo", "viridis"]
"""Colour maps of 256 colours that a picture may be drawn in; "" is grey."""


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """How a window of dB becomes the tensor that a network sees.

    Attributes
    ----------
    height, width : int
        In pixels. Column 0 is the earliest frame.
    channels : int
        1, or 3 for networks made for colour photographs: equal ones, but for `colours`.
    mean, std : tuple of float
        One per channel, applied to values in [0, 1].
    stretch : {'recipe', 'window'}
        What becomes 0 and 1: the recipe's floor and 0 dB, or each window's own least and
        greatest value, as plotting programs do.
    colours : str
        The colour map that values are drawn in before the picture is resized, as matplotlib names
        it; it needs 3 channels. "" leaves them grey.
    lowest_row : {'first', 'last'}
        Whether the lowest band is row 0, or the last row, as in a picture for people.
    """

    height: int = 224
    width: int = 224
    channels: int = 1
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.25,)
    stretch: Literal["recipe", "window"] = "recipe"
    colours: ColourMap = ""
    lowest_row: Literal["first", "last"] = "first"

    def __post_init__(self) -> None:
        refuse(self.height < 1 or self.width < 1, "a picture has at least one pixel", CardError)
        refuse(self.channels not in (1, 3), "a picture has 1 or 3 channels", CardError)
        same = len(self.mean) == len(self.std) == self.channels
        refuse(not same, "mean and std need one value per channel", CardError)
        finite = all(math.isfinite(value) for value in (*self.mean, *self.std))
        refuse(not finite, "mean and std must be finite", CardError)
        refuse(min(self.std) <= 0, "std must be positive", CardError)
        grey = bool(self.colours) and self.channels != 3
        refuse(grey, "a picture in colours has 3 channels", CardError)


@dataclass(frozen=True, slots=True)
class TrainingSource:
    """One collection that a model learned from.

    Attributes
    ----------
    name : str
    terms : str
        Licence or terms of the music as its collection states them; ``"none stated"`` where
        it states none.
    split : str
        Which part was trained on, and how it was separated from the rest.
    excerpts : int
    """

    name: str
    terms: str
    split: str
    excerpts: int


@dataclass(frozen=True, slots=True)
class Score:
    """One measured figure, with the test set it stands on and its interval.

    Attributes
    ----------
    dataset, split : str
        Which recordings, e.g. ``audio_pairs``, ``test``.
    metric : str
        ``top1``, ``top3``, ``macro_f1``, ``macro_recall``, ``nll``, ``ece``; shares in [0, 1].
        Of reports alone ``ece_before``: ECE before the temperature was applied.
        Of the music gauge ``auroc``, ``music_kept`` and ``others_caught``.
    value, low, high : float
        The figure and its 95 % bootstrap interval.
    n : int
        Songs it was measured on.
    note : str
        What a reader must know, e.g. that the pictures were translated.
    """

    dataset: str
    split: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    note: str = ""

    def __post_init__(self) -> None:
        refuse(
            not self.low <= self.value <= self.high, f"{self.metric} off its interval", CardError
        )


@dataclass(frozen=True, slots=True)
class MusicGauge:
    """How what a model sees and says tells music from other sounds.

    The confidence that a window is music is the logistic function of ``offset`` plus the
    features times ``weights``; `genrescope.classification.music` has the features.

    Attributes
    ----------
    feature : {'energy', 'largest', 'logits', 'texture'}
        What is weighed: the logits' energy (logarithm of the sum of their exponentials), the
        largest of them, all of them with their energy, or statistics of the window itself.
    weights : tuple of float
        One a feature.
    offset : float
        So chosen that the confidence is 0.5 where the stated share of music lies above.
    kept : float
        Share of validation music whose confidence is 0.5 or more, in (0, 1).
    fitted_on : str
        Which music and which other sounds, in a sentence.
    """

    feature: Literal["energy", "largest", "logits", "texture"]
    weights: tuple[float, ...]
    offset: float
    kept: float = 0.95
    fitted_on: str = ""

    def __post_init__(self) -> None:
        finite = all(math.isfinite(value) for value in (*self.weights, self.offset))
        refuse(not finite, "a music gauge has finite weights", CardError)
        refuse(not self.weights, "a music gauge has at least one weight", CardError)
        refuse(not 0 < self.kept < 1, "a music gauge keeps a share in (0, 1)", CardError)


@dataclass(frozen=True, slots=True)
class Band:
    """How often a model was right where its first choice had a probability in one band.

    Attributes
    ----------
    low, high : float
        Probabilities in [low, high), the last band with 1.
    songs, right : int
        Test songs whose first choice fell there, and those of them that it named rightly.
    translated : int
        How many of the songs had pictures translated from another kind.
    """

    low: float
    high: float
    songs: int
    right: int
    translated: int = 0

    def __post_init__(self) -> None:
        refuse(not 0 <= self.low < self.high <= 1, "a band lies in [0, 1]", CardError)
        sane = 0 <= self.right <= self.songs and 0 <= self.translated <= self.songs
        refuse(not sane, "no more songs can be right than there are", CardError)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything between a file of weights and a probability.

    Attributes
    ----------
    name, network : str
        E.g. ``mobilenetv3_mel`` and ``mobilenet_v3_large``.
    spectrogram : SpectrogramSpec
    picture : PictureSpec
    labels : tuple of str
        In the order of the network's outputs.
    taxonomy : str
        Name of the taxonomy that gives labels their families, or ``""``.
    temperature : float
        Logits are divided by it before the softmax; 1 where nothing was fitted.
    training : tuple of TrainingSource
    training_digest : str
        SHA-256 over what was trained on: names of the excerpts and their labels.
    scores : tuple of Score
    bands : tuple of Band
        Over all test songs together, ascending, for saying what a probability is worth.
    licence, paper, description : str
        Of the weights; a DOI or URL of the network's paper; one paragraph for people.
    origin : str
        Of weights that were not trained here: the file they came from, its SHA-256, and how much
        of it was used; "" for our own.
    weights : str
        How weights are stored and what that cost, e.g. ``int8 per channel``.
    held_out : str
        Which artists or songs were kept from training, in a sentence.
    warnings : tuple of str
        What must not be believed of this model.
    pretrained : str
        Who trained the network before Genrescope had it, and on what; "" where it was trained
        from scratch. Such a model takes part only where it is named.
    music : MusicGauge, optional
        What tells music from other sounds; None where none was fitted.
    format_version : int
    """

    name: str
    network: str
    spectrogram: SpectrogramSpec
    picture: PictureSpec
    labels: tuple[str, ...]
    taxonomy: str = ""
    temperature: float = 1.0
    training: tuple[TrainingSource, ...] = ()
    training_digest: str = ""
    scores: tuple[Score, ...] = ()
    licence: str = ""
    paper: str = ""
    description: str = ""
    origin: str = ""
    weights: str = "float32"
    held_out: str = ""
    warnings: tuple[str, ...] = ()
    pretrained: str = ""
    music: MusicGauge | None = None
    bands: tuple[Band, ...] = ()
    format_version: int = CARD_FORMAT

    def __post_init__(self) -> None:
        refuse(not self.name or not self.network, "a card names its model and network", CardError)
        refuse(len(self.labels) < 2, "a card needs at least two labels", CardError)
        repeated = len(set(self.labels)) != len(self.labels)
        refuse(repeated, f"a label stands twice in {self.labels}", CardError)
        usable = TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]
        refuse(not usable, "temperature must lie in {:g} to {:g}".format(*TEMPERATURES), CardError)
        refuse(
            self.format_version != CARD_FORMAT,
            f"card format {self.format_version} is unknown here (this version reads "
            f"{CARD_FORMAT}): install a newer Genrescope",
            CardError,
        )
