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
    ├── CollectionError          a library, or the store of what is known of it
    │   ├── QueryError           a question to a store that cannot be read
    │   └── TagError             tags cannot be read, or were not written
    ├── ServingError
    │   ├── BusyError            all turns of a server are taken
    │   ├── TimeLimitError       it took longer than one request may
    │   ├── TooLargeError        more came than one request may bring
    │   ├── StalledError         what a client sends stood still
    │   ├── StoppedError         nobody waits for the work any more
    │   └── JobNotFoundError     no job has that number
    └── MissingExtraError        an optional part of Genrescope is not installed
"""

from genrescope.types.belief import Comparison, Failure, HardSong, Prediction, Report
from genrescope.types.card import (
    CARD_FORMAT,
    Band,
    ColourMap,
    ModelCard,
    MusicGauge,
    PictureSpec,
    Score,
    TrainingSource,
)
from genrescope.types.course import Segment, Timeline
from genrescope.types.errors import (
    AudioError,
    BusyError,
    CardError,
    CollectionError,
    DecodeError,
    DigestError,
    EmptyAudioError,
    EngineError,
    GenrescopeError,
    JobNotFoundError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    QueryError,
    ServingError,
    SilentAudioError,
    SpectrogramError,
    StalledError,
    StoppedError,
    TagError,
    TaxonomyError,
    TimeLimitError,
    TooLargeError,
    TrainingError,
    refuse,
)
from genrescope.types.evidence import Explanation
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
    "Band",
    "BusyError",
    "CardError",
    "CollectionError",
    "ColourMap",
    "Comparison",
    "DecodeError",
    "DigestError",
    "EmptyAudioError",
    "EngineError",
    "Explanation",
    "Failure",
    "FloatArray",
    "GenrescopeError",
    "HardSong",
    "JobNotFoundError",
    "MissingExtraError",
    "ModelCard",
    "ModelError",
    "ModelNotFoundError",
    "MusicGauge",
    "Notice",
    "PictureSpec",
    "Prediction",
    "QueryError",
    "Report",
    "Score",
    "Segment",
    "ServingError",
    "SilentAudioError",
    "Spectrogram",
    "SpectrogramError",
    "SpectrogramKind",
    "SpectrogramSpec",
    "StalledError",
    "StoppedError",
    "TagError",
    "TaxonomyError",
    "TimeLimitError",
    "Timeline",
    "TooLargeError",
    "TrainingError",
    "TrainingSource",
    "Waveform",
    "refuse",
]
