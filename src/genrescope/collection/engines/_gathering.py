"""From the pieces of files in flight to what came of each."""

from __future__ import annotations

from genrescope.classification.classifier import Classifier, Sitting
from genrescope.classification.drawing import Drawn, Heard
from genrescope.collection.drawing import Content, End, Piece
from genrescope.collection.engines import Finding
from genrescope.collection.values import FileState
from genrescope.types import Failure, GenrescopeError


class Gathering:
    """Files in flight before the networks.

    Parameters
    ----------
    classifier : Classifier
        Its networks run here.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._contents: dict[bytes, Content] = {}
        self._sittings: dict[bytes, Sitting] = {}
        self._spoilt: dict[bytes, Failure] = {}

    def take(self, file: FileState, piece: Piece) -> Finding | None:
        """Take in a piece; what came of the file, where it was the last."""
        if isinstance(piece, Content):
            self._contents[file.path] = piece
        elif isinstance(piece, Drawn | Heard):
            self._look(file, piece)
        else:
            return self._finish(file, piece)
        return None

    def _look(self, file: FileState, piece: Drawn | Heard) -> None:
        if file.path in self._spoilt:
            return
        sitting = self._sittings.setdefault(file.path, self._classifier.sit())
        try:
            sitting.take(piece)
        except GenrescopeError as error:
            self._spoilt[file.path] = Failure(file.name, "network", str(error))

    def _finish(self, file: FileState, last: End | Failure) -> Finding:
        content = self._contents.pop(file.path, None)
        sitting = self._sittings.pop(file.path, None)
        spoilt = self._spoilt.pop(file.path, None)
        failure = last if isinstance(last, Failure) else spoilt
        if failure is None and content is not None and content.known:
            return Finding(file, content.digest)
        if failure is None and content is not None and sitting is not None:
            try:
                return Finding(file, content.digest, sitting.conclude())
            except GenrescopeError as error:
                failure = Failure(file.name, "conclude", str(error))
        return Finding(
            file, failure=failure or Failure(file.name, "decode", "nothing was heard of it")
        )
