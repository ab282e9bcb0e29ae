"""Many recordings at once: `Jobs`, which work beside single requests without crowding them out."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from genrescope.apps.results import Result
from genrescope.apps.serving.questions import Answer, Progress, Question
from genrescope.apps.serving.studio import Studio
from genrescope.apps.serving.uploads import Upload
from genrescope.apps.serving.watch import Watch
from genrescope.types import AudioError, BusyError, Failure, GenrescopeError, JobNotFoundError

Listener = Callable[[], None]


class Job:
    """Several recordings and one question about each; made by `Jobs.create`.

    Attributes
    ----------
    id : str
        Not to be guessed: who knows it may see the job.
    labels : tuple of str
        What the client calls the recordings, in its order.
    question : Question
    finished : list of int
        Places of the recordings that are done, in the order in which they were.
    results : dict of int to (Prediction, Comparison or Failure)
        By place; grows.
    progress : dict of int to Progress
        Of those at work now.
    """

    def __init__(self, uploads: Sequence[Upload], question: Question) -> None:
        self.id = secrets.token_urlsafe(16)
        self.labels = tuple(upload.label for upload in uploads)
        self.question = question
        self.finished: list[int] = []
        self.results: dict[int, Result] = {}
        self.progress: dict[int, Progress] = {}
        self.stopped = False
        self.ended_at: float | None = None
        self._pending = deque(enumerate(uploads))
        self._watches: dict[int, Watch] = {}
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()

    @property
    def state(self) -> str:
        """``working``, ``done`` or ``stopped``."""
        if self.stopped:
            return "stopped"
        return "done" if self.ended_at is not None else "working"

    @property
    def failures(self) -> int:
        """How many recordings could not be classified."""
        with self._lock:
            return sum(isinstance(result, Failure) for result in self.results.values())

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called, in any thread, whenever something changed.

        Returns
        -------
        callable
            Ends it.
        """
        with self._lock:
            self._listeners.add(listener)
        return partial(self._listeners.discard, listener)

    def take(self, limit_seconds: float) -> tuple[int, Upload, Watch] | None:
        """The next recording to work on, with its watch; None where none waits."""
        with self._lock:
            if not self._pending:
                return None
            place, upload = self._pending.popleft()
            self._watches[place] = Watch(limit_seconds)
            return place, upload, self._watches[place]

    @property
    def waiting(self) -> bool:
        """Whether a recording waits to be worked on."""
        return bool(self._pending)

    def tell(self, place: int, progress: Progress) -> None:
        """Take note of how far a recording is."""
        with self._lock:
            self.progress[place] = progress
        self._call()

    def finish(self, place: int, result: Result) -> None:
        """Take note of what came of a recording."""
        with self._lock:
            self.progress.pop(place, None)
            self._watches.pop(place, None)
            self.results[place] = result
            self.finished.append(place)
            if len(self.results) == len(self.labels):
                self.ended_at = time.monotonic()
        self._call()

    def stop(self) -> None:
        """Give up what is not done yet; twice does no harm."""
        with self._lock:
            dropped = [upload for _, upload in self._pending]
            self._pending.clear()
            if self.ended_at is None:
                self.stopped = True
                self.ended_at = time.monotonic()
            for watch in self._watches.values():
                watch.stop()
        for upload in dropped:
            upload.close()
        self._call()

    def _call(self) -> None:
        for listener in tuple(self._listeners):
            listener()


class Jobs:
    """All jobs of one server. Works on as many recordings at once as the studio has workers.

    Jobs take turns recording by recording, so that a long one does not hold up a short one, and
    a request for a single recording waits behind no more recordings than there are workers.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._jobs: dict[str, Job] = {}
        self._working = 0
        self._filling = False
        self._lock = threading.RLock()

    def check(self) -> None:
        """Raise `BusyError` where `create` would, before anything is sent."""
        with self._lock:
            self._forget_old()
            active = sum(job.ended_at is None for job in self._jobs.values())
        if active >= self._studio.settings.jobs_kept:
            raise BusyError(f"{active} jobs are at work already: ask again in 10 s", 10)

    def create(self, uploads: Sequence[Upload], question: Question) -> Job:
        """Begin a job.

        Parameters
        ----------
        uploads : sequence of Upload
            The job closes them, each as soon as it is done with it.
        question : Question

        Raises
        ------
        BusyError
            If too many jobs are at work.
        ModelNotFoundError
            If one of the models is not there.
        """
        self.check()
        self._studio.shelf.names(question.models)
        job = Job(uploads, question)
        with self._lock:
            self._jobs[job.id] = job
        self._fill()
        return job

    def get(self, number: str) -> Job:
        """The job of that number; raises `JobNotFoundError`."""
        with self._lock:
            self._forget_old()
            if number not in self._jobs:
                raise JobNotFoundError(
                    "no such job: it was deleted, it ended too long ago, or the server was "
                    "started anew since"
                )
            return self._jobs[number]

    def remove(self, number: str) -> None:
        """Stop a job and forget it; raises `JobNotFoundError`."""
        job = self.get(number)
        with self._lock:
            self._jobs.pop(number, None)
        job.stop()

    @property
    def active(self) -> int:
        """Jobs that are at work."""
        with self._lock:
            return sum(job.ended_at is None for job in self._jobs.values())

    def _forget_old(self) -> None:
        settings = self._studio.settings
        ended = sorted(
            (job for job in self._jobs.values() if job.ended_at is not None),
            key=lambda job: -(job.ended_at or 0.0),
        )
        for place, job in enumerate(ended):
            age = time.monotonic() - (job.ended_at or 0.0)
            if place >= settings.jobs_kept or age > settings.job_keep_seconds:
                self._jobs.pop(job.id, None)

    def _fill(self) -> None:
        """Begin recordings until every worker has one, from each waiting job in turn."""
        with self._lock:
            if self._filling:  # who fills looks once more before it ends
                return
            self._filling = True
        while True:
            with self._lock:
                waiting = next((job for job in self._jobs.values() if job.waiting), None)
                if waiting is None or self._working >= self._studio.settings.workers:
                    self._filling = False
                    return
                self._jobs[waiting.id] = self._jobs.pop(waiting.id)
                taken = waiting.take(self._studio.settings.limit_seconds)
                if taken is None:
                    continue
                self._working += 1
            self._begin(waiting, *taken)

    def _begin(self, job: Job, place: int, upload: Upload, watch: Watch) -> None:
        try:
            asked = self._studio.ask(
                upload.file,
                job.question,
                label=upload.label,
                watch=watch,
                tell=partial(job.tell, place),
                patient=True,
            )
        except (GenrescopeError, OSError) as error:
            self._end(job, place, upload, Failure(upload.label, "classify", str(error)))
            return
        asked.add_done_callback(partial(self._done, job, place, upload))

    def _done(self, job: Job, place: int, upload: Upload, asked: Future[Answer]) -> None:
        result: Result
        if asked.cancelled():
            result = Failure(upload.label, "classify", "the server was stopped before its turn")
        elif (error := asked.exception()) is None:
            result = asked.result().result
        elif isinstance(error, GenrescopeError):
            stage = "audio" if isinstance(error, AudioError) else "classify"
            result = Failure(upload.label, stage, str(error))
        else:
            result = Failure(upload.label, "classify", "an error inside Genrescope; see its log")
        self._end(job, place, upload, result)
        self._fill()

    def _end(self, job: Job, place: int, upload: Upload, result: Result) -> None:
        upload.close()
        with self._lock:
            self._working -= 1
        job.finish(place, result)

    def close(self) -> None:
        """Stop all jobs."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
