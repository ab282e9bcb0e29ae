"""What a turn is worked with: models from the shelf, and sounds decoded apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from genrescope.apps.serving.apart import apart_sound
from genrescope.apps.serving.booths import POSSIBLE, Booths
from genrescope.apps.serving.questions import Answer, Progress, Question, Tell
from genrescope.apps.serving.shelf import Shelf
from genrescope.apps.serving.watch import Watch, WatchedEngine, watched_file
from genrescope.audio import AudioSource, parse_windows
from genrescope.audio.stream import StreamSource
from genrescope.classification.classifier import Classifier
from genrescope.classification.looking import Model


class Workbench:
    """Models and decoding processes, and the work that is done with both under a watch.

    Parameters
    ----------
    shelf : Shelf
    workers : int
        Decoding processes at most.
    apart : bool
        Decode in processes of their own, where the system can.
    """

    def __init__(self, shelf: Shelf, workers: int, *, apart: bool) -> None:
        self._shelf = shelf
        self._apart = apart and POSSIBLE
        self.booths = Booths(workers)

    def warm(self) -> None:
        """Have a decoding process ready, where sounds are decoded apart."""
        if self._apart:
            self.booths.warm()

    @contextmanager
    def sound(self, source: AudioSource, label: str, watch: Watch) -> Iterator[AudioSource]:
        """A sound for `genrescope.audio.listen`, decoded apart where that is wanted.

        Parameters
        ----------
        source : str, path or binary file
        label : str
            What it is called before people.
        watch : Watch
            Ends its decoding.
        """
        with watched_file(source, label, watch) as file:
            if self._apart and not isinstance(file, str | os.PathLike | StreamSource):
                with apart_sound(self.booths, file, label, watch) as apart:
                    yield apart
            else:
                yield file

    def models(
        self, names: Sequence[str], watch: Watch, begun: Callable[[str], None] | None = None
    ) -> tuple[list[Model], dict[str, WatchedEngine]]:
        """Loaded models whose networks end with the watch, and those networks by name.

        Parameters
        ----------
        names : sequence of str
            As `Shelf.names` gives them.
        watch : Watch
        begun : callable, optional
            Told the name of a network whenever it begins to look.

        Raises
        ------
        ModelError
            If one is not there, not in order, or nothing here can run it.
        """
        engines: dict[str, WatchedEngine] = {}
        models = []
        for name in names:
            model = self._shelf.get(name)
            told = partial(begun or _silent, name)
            engines[name] = WatchedEngine(model.engine, watch, told)
            models.append(Model(model.card, engines[name]))
            watch.check()
        return models, engines

    def look(
        self,
        source: AudioSource,
        label: str,
        question: Question,
        names: Sequence[str],
        watch: Watch,
        say: Tell,
    ) -> Answer:
        """Say what genre a recording is, now; parameters as for `Studio.ask`.

        Raises
        ------
        AudioError, ModelError, TimeLimitError, StoppedError
        """
        waited = watch.seconds
        heard = Progress("listening")

        def hear(seconds: float, length: float | None) -> None:
            nonlocal heard
            watch.check()
            heard = Progress("listening", seconds, length)
            say(heard)

        def begun(name: str) -> None:
            say(replace(heard, step="looking", model=name))

        models, engines = self.models(names, watch, begun)
        with self.sound(source, label, watch) as file:
            result = Classifier(models).classify(
                file,
                windows=parse_windows(question.windows),
                start=question.start,
                duration=question.duration,
                tell=hear,
                changes=question.changes,
            )
        watch.check()
        say(replace(heard, step="done"))
        spent = {name: engine.seconds for name, engine in engines.items()}
        return Answer(result, waited, watch.seconds - waited, spent)

    def close(self) -> None:
        """End the decoding processes; twice does no harm."""
        self.booths.close()


def _silent(_: str) -> None:
    pass
