"""What a store knows as one table: a row a file, columns to ask and to sort by."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genrescope.audio.source import shown
from genrescope.classification.agreement import weigh
from genrescope.collection.query import Mask
from genrescope.collection.stores import Answers, Store
from genrescope.collection.values import Seat
from genrescope.types import CollectionError, QueryError, refuse

FIGURES = ("probability", "agreement", "divergence", "entropy", "music", "seconds")
"""Columns of numbers beside the genres'."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Files and what the models say of them together.

    Attributes
    ----------
    labels : tuple of str
    models : tuple of str
    paths : tuple of bytes
    mean : ndarray of float64, shape (files, genres)
        Mean of the models that analysed the file.
    figures : dict of str to ndarray of float64, shape (files,)
        Named as in `FIGURES`; ``music`` is NaN where no model says.
    counts : ndarray of int64, shape (files,)
        Models that analysed the file.
    notices : tuple of str
        Codes of what is worth knowing of a file, with a space between them; none for none known.
    """

    labels: tuple[str, ...]
    models: tuple[str, ...]
    paths: tuple[bytes, ...]
    mean: NDArray[np.float64]
    figures: dict[str, NDArray[np.float64]] = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    notices: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def genres(self) -> tuple[str, ...]:
        """The most probable genre of every file."""
        return tuple(self.labels[i] for i in self.mean.argmax(axis=1)) if self.paths else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every path as one printable line."""
        return tuple(shown(os.fsdecode(path)) for path in self.paths)

    def numbers(self, field: str) -> NDArray[np.float64] | None:
        """A genre's probabilities, or a figure; upper and lower case are the same."""
        wanted = field.casefold()
        for place, label in enumerate(self.labels):
            if label.casefold() == wanted:
                return self.mean[:, place]
        return self.figures.get(wanted)

    def words(self, field: str) -> tuple[str, ...] | None:
        """Genres, paths or notices."""
        columns: dict[str, Callable[[], tuple[str, ...]]] = {
            "genre": lambda: self.genres,
            "path": lambda: self.names,
            "notices": lambda: self.notices,
        }
        column = columns.get(field.casefold())
        return None if column is None else column()

    def choices(self, field: str) -> tuple[str, ...] | None:
        """The genres that the models know; any path, any notices."""
        return self.labels if field.casefold() == "genre" else None

    def fields(self) -> tuple[str, ...]:
        """Every name that can be asked for."""
        return (*self.labels, *FIGURES, "genre", "notices", "path")

    def pick(self, rows: NDArray[np.int64]) -> Table:
        """These rows, in this order."""
        figures = {name: column[rows] for name, column in self.figures.items()}
        paths = tuple(self.paths[row] for row in rows)
        notices = tuple(self.notices[row] for row in rows)
        mean, counts = self.mean[rows], self.counts[rows]
        return Table(self.labels, self.models, paths, mean, figures, counts, notices)

    def where(self, mask: Mask) -> Table:
        """The rows for which `mask` holds."""
        return self.pick(np.flatnonzero(mask))

    def ordered(self, by: str, ascending: bool = False) -> Table:
        """Rows by a field; as `order`."""
        return self.pick(self.order(by, ascending))

    def order(self, by: str, ascending: bool = False) -> NDArray[np.int64]:
        """Rows by a field, greatest first unless said otherwise; words from A on.

        Raises
        ------
        QueryError
            If there is no such field.
        """
        numbers, words = self.numbers(by), self.words(by)
        if numbers is not None:
            keys = numbers if ascending else -numbers
            return np.argsort(keys, kind="stable")
        if words is None:
            raise QueryError(f"no field {by!r}; there are: {', '.join(self.fields())}")
        order = sorted(range(len(words)), key=lambda row: words[row].casefold())
        return np.array(order, dtype=np.int64)


def choose_seats(store: Store, models: Sequence[str] = ()) -> tuple[Seat, ...]:
    """The models that a question is put to, as each one's latest seat, of one set of labels.

    Parameters
    ----------
    store : Store
    models : sequence of str
        Only these; else all that share the labels of the seat with the most files.

    Raises
    ------
    CollectionError
        If nothing was scanned, or not with such models, or their labels differ.
    """
    return tuple(group[0] for group in seats_by_model(store, models))


def seats_by_model(store: Store, models: Sequence[str] = ()) -> tuple[tuple[Seat, ...], ...]:
    """Every seat that a question is put to, model by model; a model's latest first.

    A model sits anew for other windows, or when its file is another: what it said of a file
    before stays its word until it has heard that file again.

    Raises
    ------
    CollectionError
        As `choose_seats`.
    """
    used = [(seat, count) for seat, count in store.seats() if count]
    refuse(not used, "nothing was scanned yet: `genrescope scan FOLDER`", CollectionError)
    there = {seat.model for seat, _ in used}
    absent = [name for name in models if name not in there]
    refuse(
        bool(absent),
        f"not scanned with {', '.join(absent)}; there are: {', '.join(sorted(there))}",
        CollectionError,
    )
    asked = [pair for pair in used if not models or pair[0].model in models]
    labels = _common_labels(asked, set(models))
    fitting = [seat for seat, _ in asked if set(seat.labels) == labels]
    names = dict.fromkeys(models or (seat.model for seat in fitting))
    return tuple(tuple(seat for seat in fitting if seat.model == name) for name in names)


def _common_labels(used: Sequence[tuple[Seat, int]], wanted: set[str]) -> frozenset[str]:
    """Of the labels that every wanted model knows, those of the seat with the most files."""
    for seat, _ in sorted(used, key=lambda pair: -pair[1]):
        labels = frozenset(seat.labels)
        if wanted <= {one.model for one, _ in used if set(one.labels) == labels}:
            return labels
    raise CollectionError("these models know different labels and cannot be asked together")


def read_table(store: Store, models: Sequence[str] = ()) -> Table:
    """Everything that the chosen models say, as one table in order of path.

    Raises
    ------
    CollectionError
        As `choose_seats`, and where the store cannot be read.
    """
    groups = seats_by_model(store, models)
    labels = groups[0][0].labels
    answers = store.answers([seat for group in groups for seat in group])
    models = tuple(group[0].model for group in groups)
    paths = sorted({path for one in answers for path in one.paths})
    rows = {path: row for row, path in enumerate(paths)}
    said = np.full((len(paths), len(models), len(labels)), np.nan)
    music = np.full((len(paths), len(models)), np.nan)
    seconds = np.zeros(len(paths))
    notices = [""] * len(paths)
    for one in answers:
        number = models.index(one.seat.model)
        where = np.array([rows[path] for path in one.paths], dtype=np.int64)
        said[where, number] = _in_order(one, labels)
        music[where, number] = one.music
        seconds[where] = one.seconds
        for path, codes in zip(one.paths, one.notices, strict=True):
            if codes:
                row = rows[path]
                notices[row] = " ".join(dict.fromkeys([*notices[row].split(), *codes.split()]))
    mean, figures, counts = _weighed(said, music)
    figures["seconds"] = seconds
    return Table(labels, models, tuple(paths), mean, figures, counts, tuple(notices))


def _in_order(one: Answers, labels: tuple[str, ...]) -> NDArray[np.floating]:
    return one.probabilities[:, [one.seat.labels.index(label) for label in labels]]


def _weighed(
    said: NDArray[np.float64], music: NDArray[np.float64]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Mean, figures and counts; files are weighed together that the same models analysed."""
    there = ~np.isnan(said[:, :, 0])
    mean = np.zeros((said.shape[0], said.shape[2]))
    figures = {name: np.zeros(said.shape[0]) for name in FIGURES}
    for pattern in np.unique(there, axis=0):
        rows = np.flatnonzero((there == pattern).all(axis=1))
        weighed = weigh(said[rows][:, pattern])
        mean[rows] = weighed.mean
        figures["agreement"][rows] = weighed.agreement
        figures["divergence"][rows] = weighed.divergence
        figures["entropy"][rows] = weighed.entropy
    figures["probability"] = mean.max(axis=1, initial=0.0)
    heard = ~np.isnan(music)
    counts = heard.sum(axis=1)
    total = np.where(heard, music, 0.0).sum(axis=1)
    figures["music"] = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return mean, figures, there.sum(axis=1)
