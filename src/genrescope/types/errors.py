"""The errors that stop a value on the line, as one tree."""

from __future__ import annotations


class GenrescopeError(Exception):
    """Base of every error that Genrescope raises on purpose."""


class AudioError(GenrescopeError):
    """Something about a sound."""


class DecodeError(AudioError):
    """The bytes are not a sound that can be read."""


class EmptyAudioError(AudioError):
    """The file decodes and holds no sample in the span asked for."""


class SilentAudioError(AudioError):
    """The file decodes and is silent from its beginning to its end."""


class SpectrogramError(GenrescopeError):
    """Samples and recipe do not go together."""


class ModelError(GenrescopeError):
    """Something about a model file."""


class ModelNotFoundError(ModelError):
    """No models folder holds a file of that name."""


class CardError(ModelError):
    """A card is missing, unreadable, of an unknown version, or contradicts its network."""


class DigestError(ModelError):
    """A model file is not the one that its folder's index describes."""


class EngineError(ModelError):
    """No engine could load or run a model file."""


class TaxonomyError(GenrescopeError):
    """An unknown taxonomy, or one that does not hold a label."""


class TrainingError(GenrescopeError):
    """Data, recipe or checkpoint of a training run is unusable."""


class CollectionError(GenrescopeError):
    """A library, or the store that holds what is known of it, cannot be used."""


class QueryError(CollectionError):
    """A question to a store that cannot be read, with where it stops making sense."""


class TagError(CollectionError):
    """A file's tags cannot be read, or were not written."""


class ServingError(GenrescopeError):
    """Something about a request to a server, not about what it asks for."""


class BusyError(ServingError):
    """All turns are taken; the same may be asked again in a while.

    Parameters
    ----------
    message : str
    retry_seconds : int
        After how many seconds asking again makes sense.
    """

    def __init__(self, message: str, retry_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TimeLimitError(ServingError):
    """The work was stopped because it took longer than one request may."""


class TooLargeError(ServingError):
    """More bytes or files came than one request may bring."""


class StalledError(ServingError):
    """What a client sends stood still for too long."""


class StoppedError(ServingError):
    """The work was stopped because nobody waits for it any more."""


class JobNotFoundError(ServingError):
    """No job has that number, or it was taken away."""


class MissingExtraError(GenrescopeError):
    """An optional part of Genrescope is not installed.

    Parameters
    ----------
    what : str
        What was asked for, as the user knows it.
    extra : str
        The extra that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the optional part '{extra}': uv sync --extra {extra}, or "
            f"pip install '.[{extra}]', in a checkout of Genrescope"
        )


def refuse(condition: bool, message: str, error: type[GenrescopeError]) -> None:
    """Raise `error` with `message` where `condition` holds."""
    if condition:
        raise error(message)
