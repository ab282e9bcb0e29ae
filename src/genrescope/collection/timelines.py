"""What a scan with ``--timeline`` kept of every window, ready to be written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genrescope.collection.stores import Store
from genrescope.collection.table import seats_by_model
from genrescope.collection.values import Seat

DIGITS = 6


class Timelines:
    """Windows of files, as far as a store has them.

    Parameters
    ----------
    store : Store
        Open as long as windows are asked for.
    models : sequence of str
        As `genrescope.collection.table.read_table` was given.

    Raises
    ------
    CollectionError
        As `read_table`.
    """

    def __init__(self, store: Store, models: Sequence[str] = ()) -> None:
        self._store = store
        self._seats = seats_by_model(store, models)
        self.without = 0
        """Files asked for of which no window was kept."""

    def of(self, path: bytes) -> list[dict[str, Any]]:
        """A file's windows, model by model in order of time; none where none were kept.

        Where a model was sat for different windows, these are of the latest time that kept them.

        Returns
        -------
        list of dict
            ``model``; ``start``, in seconds; ``probabilities``, from genre to number.
        """
        found = [window for seats in self._seats for window in self._latest(path, seats)]
        self.without += not found
        return found

    def _latest(self, path: bytes, seats: Sequence[Seat]) -> list[dict[str, Any]]:
        for seat in seats:
            kept = self._store.timeline(path, seat)
            if kept is not None and kept.per_window is not None:
                rows = kept.per_window.astype(float).round(DIGITS).tolist()
                return [
                    {
                        "model": seat.model,
                        "start": round(start, 3),
                        "probabilities": dict(zip(seat.labels, row, strict=True)),
                    }
                    for start, row in zip(kept.window_starts, rows, strict=True)
                ]
        return []
