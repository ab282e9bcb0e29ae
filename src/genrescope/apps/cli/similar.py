"""``genrescope similar``: the songs of a collection that are most like one."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.find import GENRE_CELLS, Json, Model
from genrescope.apps.cli.scan import Store
from genrescope.types import CollectionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genrescope.classification.looking import Model as Loaded
    from genrescope.collection.stores import Embeddings
    from genrescope.collection.table import Table
    from genrescope.types import Comparison, Prediction


def similar_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A song, scanned or not.")],
    store: Store = None,
    model: Model = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 10,
    by: Annotated[
        Literal["genres", "embedding"],
        typer.Option("--by", help="Like in what the models say, or in what they see."),
    ] = "genres",
    as_json: Json = False,
) -> None:
    """Find the songs of a collection that are most like one.

    By genres, the distance is Hellinger's between mean probabilities: 0 the same, 1 nothing
    shared. By embedding it is the cosine distance between what the networks' last layers are
    given: 0 the same, 1 unrelated, 2 opposite; it tells songs of one genre apart. A file that is
    not in the collection is classified first.

    Example: `genrescope similar samples/jazz_vibe_ace.flac --by embedding`
    """
    from genrescope.collection.neighbours import nearest
    from genrescope.collection.stores import open_store
    from genrescope.collection.table import choose_seats, read_table
    from genrescope.collection.walking import absolute

    path = os.fsencode(absolute(file))
    with open_store(store, create=False) as opened:
        table = read_table(opened, model or [])
        if by == "genres":
            gaps = _genre_gaps(file, path, table)
        else:
            seats = choose_seats(opened, model or [])
            gaps = _embedding_gaps(file, path, table, [opened.embeddings(one) for one in seats])
    found = nearest(gaps, table, limit, path)
    if as_json:
        for row, gap in found:
            plain = {"path": os.fsdecode(table.paths[row]), "genre": table.genres[row]}
            sys.stdout.write(json.dumps({**plain, "distance": round(gap, 6)}) + "\n")
        return
    show.out().print(Text(f"distance  {'genre':<{GENRE_CELLS}}file", style="dim"))
    for row, gap in found:
        genre = table.genres[row]
        line = Text(f"{gap:8.3f}  ")
        line.append(f"{genre:<{GENRE_CELLS}}", style=show.colour_of(genre))
        line.append(table.names[row])
        show.out().print(line, highlight=False)
    absent = sum(1 for gap in gaps if math.isnan(gap))
    if absent:
        words = (
            f"{absent} of {len(table)} have no embedding to compare: scanned before embeddings "
            "were kept, or with other weights"
        )
        show.out().print(Text(words, style="dim"))


def _genre_gaps(file: str, path: bytes, table: Table) -> NDArray[np.float64]:
    from genrescope.classification.looking import load_models
    from genrescope.collection.neighbours import distances
    from genrescope.types import Prediction

    if path in table.paths:
        return distances(table.mean[table.paths.index(path)], table)
    result = _look(file, load_models(table.models))
    row = result.probabilities if isinstance(result, Prediction) else result.mean
    if set(result.labels) != set(table.labels):
        raise CollectionError("the models here have other labels than those that scanned: scan")
    return distances(row[[result.labels.index(label) for label in table.labels]], table)


def _embedding_gaps(
    file: str, path: bytes, table: Table, described: Sequence[Embeddings]
) -> NDArray[np.float64]:
    from genrescope.classification.looking import load_models
    from genrescope.collection.neighbours import embedding_distances
    from genrescope.types import Prediction

    kept = {
        one.seat.model: one.directions[one.paths.index(path)]
        for one in described
        if path in one.paths
    }
    if kept:
        return embedding_distances(kept, described, table)
    models = load_models(table.models)
    here = {model.card.name: model.digest for model in models}
    same = [one for one in described if here[one.seat.model] == one.seat.digest]
    if described and not same:
        names = ", ".join(sorted(one.seat.model for one in described))
        raise CollectionError(
            f"these songs were scanned with other weights of {names} than are here now, and what "
            "two files see cannot be compared: scan again, or ask --by genres"
        )
    result = _look(file, models)
    predictions = (result,) if isinstance(result, Prediction) else result.predictions
    seen = {one.model: one.embedding for one in predictions if one.embedding is not None}
    return embedding_distances(seen, same, table)


def _look(file: str, models: Sequence[Loaded]) -> Prediction | Comparison:
    from genrescope.classification.classifier import Classifier

    return Classifier(models).classify(file)
