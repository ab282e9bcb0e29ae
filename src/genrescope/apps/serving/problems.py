"""What goes wrong, as server and client name it to each other: `Problem` and `PROBLEMS`.

The words of RFC 9457: every error of `genrescope.types` has a status, a short name that stays as
it is, and a title. The first entry whose error fits is the one, so special errors stand first.
What a server refuses before the library is asked anything is a plain `ServingError` to clients.
"""

from __future__ import annotations

from dataclasses import dataclass

from genrescope.types import (
    AudioError,
    BusyError,
    DecodeError,
    EmptyAudioError,
    GenrescopeError,
    JobNotFoundError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    ServingError,
    SilentAudioError,
    SpectrogramError,
    StalledError,
    StoppedError,
    TaxonomyError,
    TimeLimitError,
    TooLargeError,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of thing that goes wrong.

    Attributes
    ----------
    name : str
        Stable, for programs; the last part of the problem's ``type``.
    status : int
        Of the HTTP answer.
    title : str
        The same for every occurrence.
    error : type
        What it is in Python.
    """

    name: str
    status: int
    title: str
    error: type[GenrescopeError]


PROBLEMS = (
    Problem("not-a-sound", 422, "The file is not a sound that can be read", DecodeError),
    Problem("empty", 422, "The sound holds no sample", EmptyAudioError),
    Problem("silent", 422, "The sound is silent", SilentAudioError),
    Problem("sound", 422, "The sound cannot be used as asked", AudioError),
    Problem("spectrogram", 422, "The spectrogram cannot be drawn as asked", SpectrogramError),
    Problem("unknown-model", 404, "There is no such model", ModelNotFoundError),
    Problem("model", 500, "The model cannot be used", ModelError),
    Problem("taxonomy", 404, "There is no such taxonomy or genre", TaxonomyError),
    Problem("busy", 503, "All turns are taken", BusyError),
    Problem("time-limit", 504, "It took longer than a request may", TimeLimitError),
    Problem("too-large", 413, "More came than a request may bring", TooLargeError),
    Problem("stalled", 408, "The upload stood still", StalledError),
    Problem("stopped", 503, "The work was stopped", StoppedError),
    Problem("unknown-job", 404, "There is no such job", JobNotFoundError),
    Problem("not-installed", 501, "An optional part is not installed", MissingExtraError),
    Problem("request", 400, "The request cannot be understood", ServingError),
    Problem("not-possible", 422, "It cannot be done as asked", GenrescopeError),
)

REFUSALS = (
    Problem("parameters", 422, "A parameter is wrong", ServingError),
    Problem("host", 400, "The host is not this one", ServingError),
    Problem("origin", 403, "The page that asks is another site's", ServingError),
    Problem("token", 401, "The token is missing or another", ServingError),
    Problem("not-found", 404, "There is no such address", ServingError),
    Problem("method-not-allowed", 405, "That is not what this address does", ServingError),
    Problem("not-ready", 503, "The models are not loaded yet", ServingError),
    Problem("internal", 500, "The server failed", GenrescopeError),
)


def problem_of(error: GenrescopeError) -> Problem:
    """The problem that an error is.

    Examples
    --------
    >>> problem_of(SilentAudioError("x.wav: silent")).status
    422
    """
    return next(problem for problem in PROBLEMS if isinstance(error, problem.error))


def problem_named(name: str) -> Problem | None:
    """The problem of that name, if there is one."""
    return next((problem for problem in (*PROBLEMS, *REFUSALS) if problem.name == name), None)
