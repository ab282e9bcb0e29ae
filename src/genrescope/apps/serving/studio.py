"""The one thing that every door asks: models kept loaded, and recordings worked on in turn."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from genrescope.apps.serving.questions import Answer, Progress, Question, Tell
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.shelf import Shelf, ShelfModel
from genrescope.apps.serving.turns import Turns
from genrescope.apps.serving.uploads import Uploads
from genrescope.apps.serving.watch import Watch
from genrescope.apps.serving.workbench import Workbench
from genrescope.audio import AudioSource
from genrescope.audio.source import source_name
from genrescope.classification.looking import Model
from genrescope.types import GenrescopeError, ModelCard

T = TypeVar("T")


class Studio:
    """Models loaded once and shared, and turns for those who ask. Safe in many threads.

    Parameters
    ----------
    names : sequence of str
        Default models; see `genrescope.apps.serving.shelf.Shelf`.
    settings : Settings
    engine, device : str, optional
        See `genrescope.models.engines`.
    """

    def __init__(
        self,
        names: Sequence[str] = (),
        settings: Settings | None = None,
        *,
        engine: str | None = None,
        device: str | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.shelf = Shelf(names, engine, device)
        self.turns = Turns(self.settings.workers, self.settings.queue_length)
        self.uploads = Uploads(
            self.settings.limit_bytes,
            2 * (self.settings.workers + self.settings.queue_length)
            + self.settings.jobs_kept * self.settings.job_files,
        )
        self.workbench = Workbench(
            self.shelf, self.settings.workers, apart=self.settings.decode_apart
        )
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._starting: threading.Thread | None = None
        self._started = False
        self.problem = ""

    def start(self) -> None:
        """Load the default models beside whatever else starts; `ready` says when they are."""
        self._starting = threading.Thread(target=self._warm, name="genrescope-start", daemon=True)
        self._starting.start()

    def _warm(self) -> None:
        try:
            self.workbench.warm()
            for name in self.shelf.defaults:
                self.shelf.get(name)
            self._started = True
        except GenrescopeError as error:
            self.problem = str(error)

    @property
    def ready(self) -> bool:
        """Whether every default model was loaded; one that was let go of is loaded when asked."""
        try:
            return self._started or set(self.shelf.defaults) <= set(self.shelf.loaded)
        except GenrescopeError:
            return False

    def models(self) -> tuple[ShelfModel, ...]:
        """Every model that was found, loaded or not, usable or not."""
        return self.shelf.listed()

    def card(self, name: str) -> ModelCard:
        """A model's card; raises `ModelError`."""
        return self.shelf.card(name)

    def load(self, name: str) -> Model:
        """A loaded network, for what `classify` does not do; raises `ModelError`."""
        return self.shelf.get(name)

    def unload(self, name: str) -> bool:
        """Let go of a network; whether it was loaded. The next request loads it again."""
        return self.shelf.drop(name)

    def watch(self) -> Watch:
        """A watch with the time limit of one request."""
        return Watch(self.settings.limit_seconds)

    def classify(
        self,
        source: AudioSource,
        question: Question | None = None,
        *,
        label: str = "",
        watch: Watch | None = None,
        tell: Tell | None = None,
    ) -> Answer:
        """Say what genre a recording is, and wait for it. Parameters and errors as for `ask`."""
        own = watch or self.watch()
        asked = self.ask(source, question, label=label, watch=own, tell=tell)
        try:
            return asked.result()
        finally:
            if not asked.done():  # the waiting was interrupted
                own.stop()
                asked.cancel()

    def ask(
        self,
        source: AudioSource,
        question: Question | None = None,
        *,
        label: str = "",
        watch: Watch | None = None,
        tell: Tell | None = None,
        patient: bool = False,
    ) -> Future[Answer]:
        """Say what genre a recording is, when its turn comes.

        Parameters
        ----------
        source : str, path or binary file
            Open until the answer is there.
        question : Question, optional
        label : str
            What to call the sound before people; its path by default.
        watch : Watch, optional
            Stop it to give up; `watch` by default.
        tell : callable, optional
            Hears of progress, in another thread.
        patient : bool
            See `genrescope.apps.serving.turns.Turns.take`; its time counts from its turn on.

        Returns
        -------
        Future of Answer
            Raises `AudioError`, `ModelError`, `TimeLimitError`, `StoppedError`.

        Raises
        ------
        BusyError
            At once, if all turns are taken.
        ModelNotFoundError
            At once, if one of the models is not there.
        """
        asked = question or Question()
        names = self.shelf.names(asked.models)
        name = label or source_name(source)
        say = tell or _silent

        def work(watch: Watch) -> Answer:
            return self.workbench.look(source, name, asked, names, watch, say)

        say(Progress("waiting"))
        return self.submit(work, watch=watch, patient=patient)

    def submit(
        self, call: Callable[[Watch], T], *, watch: Watch | None = None, patient: bool = False
    ) -> Future[T]:
        """Have any other work done in turn, under a watch that it looks at now and then.

        Parameters
        ----------
        call : callable
            Given the watch.
        watch : Watch, optional
        patient : bool

        Raises
        ------
        BusyError
        """
        own = watch or self.watch()
        self._watches.add(own)

        def work() -> T:
            if patient:
                own.begin()
            own.check()
            try:
                return call(own)
            except GenrescopeError:
                own.check()  # a sound cut short by the watch fails in many ways
                raise

        return self.turns.take(work, patient=patient)

    def close(self) -> None:
        """Stop what is at work, and wait for it; twice does no harm."""
        for watch in list(self._watches):
            watch.stop()
        self.turns.close()
        self.workbench.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _silent(_: Progress) -> None:
    pass
