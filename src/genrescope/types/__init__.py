"""The values that travel down the line, and the errors that stop one.

Everything here is frozen and checks itself when it is made, so that a wrong shape, a wrong
dtype or a nonsensical recipe is refused where it arises and not three rooms later. Only NumPy
and the standard library are imported.

Exceptions
----------
::

    GenrescopeError
    ├── AudioError
    │   ├── DecodeError          the bytes are not a sound that can be read
    │   ├── EmptyAudioError      it decodes, and holds no sample (in the span asked for)
    │   └── SilentAudioError     it decodes, and is silent from beginning to end
    ├── SpectrogramError         samples and recipe do not go together
    ├── ModelError
    │   ├── ModelNotFoundError   no file of that name in any models folder
    │   ├── CardError            the card is missing, unreadable or at odds with the network
    │   ├── DigestError          the file is not the one that the index describes
    │   └── EngineError          no engine could load or run the file
    ├── TaxonomyError            an unknown taxonomy, or one that does not hold a label
    ├── TrainingError            data, recipe or checkpoint of a training run is unusable
    └── MissingExtraError        an optional part of Genrescope is not installed
"""

from genrescope.types.belief import Comparison, Explanation, Failure, Prediction, Report
from genrescope.types.card import (
    CARD_FORMAT,
    ModelCard,
    MusicGauge,
    PictureSpec,
    Score,
    TrainingSource,
)
from genrescope.types.errors import (
    AudioError,
    CardError,
    DecodeError,
    DigestError,
    EmptyAudioError,
    EngineError,
    GenrescopeError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    SilentAudioError,
    SpectrogramError,
    TaxonomyError,
    TrainingError,
    refuse,
)
from genrescope.types.sound import (
    C1_HZ,
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    FloatArray,
    Notice,
    Spectrogram,
    SpectrogramKind,
    SpectrogramSpec,
    Waveform,
)

__all__ = [
    "C1_HZ",
    "CARD_FORMAT",
    "GENRESCOPE_CQT",
    "GENRESCOPE_MEL",
    "AudioError",
    "CardError",
    "Comparison",
    "DecodeError",
    "DigestError",
    "EmptyAudioError",
    "EngineError",
    "Explanation",
    "Failure",
    "FloatArray",
    "GenrescopeError",
    "MissingExtraError",
    "ModelCard",
    "ModelError",
    "ModelNotFoundError",
    "MusicGauge",
    "Notice",
    "PictureSpec",
    "Prediction",
    "Report",
    "Score",
    "SilentAudioError",
    "Spectrogram",
    "SpectrogramError",
    "SpectrogramKind",
    "SpectrogramSpec",
    "TaxonomyError",
    "TrainingError",
    "TrainingSource",
    "Waveform",
    "refuse",
]
