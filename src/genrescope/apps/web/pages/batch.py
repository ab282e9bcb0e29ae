"""Many sounds, one network: a table that fills as they finish."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from genrescope.apps.results import to_plain
from genrescope.apps.serving import Answer, Question, Upload
from genrescope.apps.web.asking import ask_about, predictions_of
from genrescope.apps.web.lean import gr
from genrescope.apps.web.markup import genre_name, paragraphs
from genrescope.apps.web.pages._place import Arrived, Place, arrived, take
from genrescope.apps.web.pages._tables import Table, as_texts
from genrescope.apps.web.texts import Texts
from genrescope.audio.source import shown
from genrescope.classification.trust import hardly_music
from genrescope.types import Failure, GenrescopeError, Prediction

LOG = logging.getLogger("genrescope.serving")
TITLE = "tab.batch"
COLUMNS = ("file", "genre", "probability", "second", "seconds", "warning")


def build(place: Place) -> None:
    """Lay the page out, and say what happens when sounds arrive."""
    texts = place.texts
    choices = place.model_choices()
    model = gr.Dropdown(choices, value=choices[0] if choices else None, label=texts("batch.model"))
    drop = place.drop("gs-batch-drop", many=True)
    progress = gr.HTML(paragraphs(texts("batch.empty")), padding=True, elem_id="gs-batch-progress")
    table = Table(
        headers=[texts(f"batch.{column}") for column in COLUMNS],
        label=texts("batch.table"),
        interactive=False,
        show_search="filter",
        wrap=True,
        max_height=900,
        column_widths=["22%", "11%", "13%", "17%", "11%", "26%"],
        buttons=["copy", "fullscreen"],
        elem_id="gs-batch-table",
    )
    saves = place.saves("gs-batch-saves")

    def answer(value: Any, name: str) -> Iterator[Any]:
        yield from _answer(place, arrived(value), name)

    drop.submit(
        answer,
        [drop, model],
        [progress, table, saves],
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="always_last",
    )


def _answer(place: Place, entries: list[Arrived], name: str) -> Iterator[Any]:
    texts = place.texts
    began, failed = time.monotonic(), 0
    results: list[Prediction | Failure] = []
    names: list[str] = []
    rows: list[list[Any]] = []
    yield paragraphs(texts("batch.progress", done=0, count=len(entries), failed=0)), [], None
    held = Held(place, entries)
    try:
        for entry in entries:
            names.append(held.name(entry))
            result = _one(place, held, entry, name)
            failed += isinstance(result, Failure)
            results.append(result)
            rows.append(row_of(result, place))
            counts = {"done": len(rows), "count": len(entries), "failed": failed}
            yield paragraphs(texts("batch.progress", **counts)), list(rows), gr.skip()
    finally:
        held.close()
    seconds = time.monotonic() - began
    said = texts("batch.finished", count=len(entries), seconds=seconds, failed=failed)
    saved = _saved(place, results, rows)
    yield paragraphs(said), list(rows), {**saved, "m3u": to_playlist(results, names)}


class Held:
    """The uploads of one batch, all taken at once so that none waits too long."""

    def __init__(self, place: Place, entries: list[Arrived]) -> None:
        self._place = place
        self.uploads: dict[str, Upload] = {}
        self.problems: dict[str, str] = {}
        for entry in entries:
            if entry.key:
                try:
                    self.uploads[entry.key] = take(place, [entry])
                except GenrescopeError as error:
                    self.problems[entry.key] = str(error)

    def name(self, entry: Arrived) -> str:
        """What the file is called where it came from."""
        upload = self.uploads.get(entry.key)
        return upload.name if upload else entry.label

    def close(self) -> None:
        """Close what was not looked at."""
        for upload in self.uploads.values():
            upload.close()


def _one(place: Place, held: Held, entry: Arrived, name: str) -> Prediction | Failure:
    upload = held.uploads.pop(entry.key, None)
    if upload is None:
        reason = entry.error or held.problems.get(entry.key, "")
        return Failure(entry.label, "upload", reason)
    try:
        for told in ask_about(place.studio, upload, Question(models=(name,))):
            if isinstance(told, Answer):
                return predictions_of(told.result)[0]
    except GenrescopeError as error:
        return Failure(entry.label, "audio", place.texts.error(error))
    except Exception:  # a fault of ours costs one row
        LOG.exception("a sound of a batch")
        return Failure(entry.label, "internal", place.texts("error.internal"))
    raise AssertionError("a sound that was looked at gives a result or an error")


def row_of(result: Prediction | Failure, place: Place) -> list[Any]:
    """What the table says of one sound, a cell a column of `COLUMNS`."""
    texts = place.texts
    if isinstance(result, Failure):
        return [result.source, "", None, "", None, result.reason]
    taxonomy = place.studio.card(result.model).taxonomy
    (first, share), (second, next_share) = result.top(2)
    return [
        result.source,
        genre_name(first, taxonomy, texts),
        round(100 * share, 1),
        f"{genre_name(second, taxonomy, texts)} ({100 * next_share:.0f} %)",
        round(result.seconds, 1),
        "; ".join(_remarks(result, texts)),
    ]


def _remarks(made: Prediction, texts: Texts) -> list[str]:
    """What to know of a sound, first of all that it may be no music."""
    said = [texts.notice(notice) for notice in made.notices]
    if hardly_music(made.music):
        return [texts("batch.not_music", percent=100 * made.music), *said]
    return said


def _saved(
    place: Place, results: list[Prediction | Failure], rows: list[list[Any]]
) -> dict[str, str]:
    heads = [place.texts(f"batch.{column}") for column in COLUMNS]
    plain = [to_plain(result) for result in results]
    return {
        "name": "genrescope-batch",
        "json": json.dumps(plain, ensure_ascii=False, indent=1),
        **as_texts(heads, rows),
    }


def to_playlist(results: Sequence[Prediction | Failure], names: Sequence[str]) -> str:
    r"""An extended M3U playlist in UTF-8, sounds of one genre together, the surest first.

    It knows no name with a line break: such files are left out.

    Parameters
    ----------
    results : sequence of Prediction or Failure
    names : sequence of str
        Of the files, as they are called where they came from.

    Examples
    --------
    >>> to_playlist([], [])
    '#EXTM3U\\n'
    """
    pairs = zip(results, names, strict=True)
    found = [(one, name) for one, name in pairs if isinstance(one, Prediction)]
    found.sort(key=lambda pair: (pair[0].top(1)[0][0], -pair[0].top(1)[0][1]))
    lines = ["#EXTM3U"]
    for one, name in found:
        if "\n" in name or "\r" in name:
            continue
        (label, share), title = one.top(1)[0], shown(one.source)
        place = f"./{name}" if name.startswith("#") else name  # else it would be a remark
        lines += [f"#EXTINF:{round(one.seconds)},{title} [{label} {100 * share:.0f} %]", place]
    return "\n".join(lines) + "\n"
