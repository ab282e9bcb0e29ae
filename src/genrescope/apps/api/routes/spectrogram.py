"""``POST /spectrogram``."""

from __future__ import annotations

import io
import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from genrescope.apps.api.context import Context, Here
from genrescope.apps.api.receiving import receive_one
from genrescope.apps.api.routes._asking import DURATION, NAME, START, WORK, problems, sound_body
from genrescope.apps.api.schemas import PictureShape, SpectrogramShape
from genrescope.apps.api.waiting import wait_for
from genrescope.apps.serving.uploads import Upload
from genrescope.apps.serving.watch import Watch
from genrescope.types import FloatArray, ModelCard, SpectrogramError, refuse

if TYPE_CHECKING:
    from genrescope.apps.views import View

router = APIRouter(tags=["recordings"])

Form = Literal["png", "npy", "json"]
Kind = Literal["mel", "cqt"]
MEDIA = {"png": "image/png", "npy": "application/x-npy", "json": "application/json"}
MOST_COLUMNS = 30_000
RATE_HZ = 22050
_DRAWING = threading.Lock()  # Matplotlib is not made for threads

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The drawing, in the form asked for",
        "model": SpectrogramShape | PictureShape,
        "content": {
            MEDIA["png"]: {"schema": {"type": "string", "contentMediaType": "image/png"}},
            MEDIA["npy"]: {"schema": {"type": "string", "contentMediaType": MEDIA["npy"]}},
        },
    },
    **problems(*WORK),
}


@dataclass(frozen=True, slots=True)
class _Wish:
    form: Annotated[Form, Query(description="Drawn, as a NumPy array, or as text.")] = "png"
    kind: Annotated[Kind, Query(description="Mel or constant-Q.")] = "mel"
    picture: Annotated[bool, Query(description="The exact picture that the network sees.")] = False
    model: Annotated[str | None, Query(description="Whose picture; the first of `kind`.")] = None
    hop: Annotated[int, Query(ge=16, le=2**16, description="Samples a column.")] = 512
    start: Annotated[float, START] = 0.0
    duration: Annotated[float | None, DURATION] = None


@router.post(
    "/spectrogram",
    response_class=Response,
    responses=ANSWERS,
    openapi_extra=sound_body(),
    summary="Draw a recording",
)
async def spectrogram(
    request: Request,
    here: Here,
    wish: Annotated[_Wish, Depends(_Wish)],
    name: Annotated[str, NAME] = "",
) -> Response:
    """Time against Hz or notes, in dB below the loudest; ten minutes and 30 000 columns at most.

    With `picture`, the first window exactly as the network is shown it.
    """
    columns = min(wish.duration or 0.0, 600.0) * RATE_HZ / wish.hop
    refuse(
        columns > MOST_COLUMNS,
        f"{columns:.0f} columns, and {MOST_COLUMNS} may be drawn: ask for a larger hop or a "
        "shorter duration",
        SpectrogramError,
    )
    here.studio.turns.check()
    card = await run_in_threadpool(_card, here, wish) if wish.picture else None
    with ExitStack() as stack:
        upload = await receive_one(request, here, stack)
        watch = here.studio.watch()
        work = here.studio.submit(lambda own: _draw(here, upload, wish, card, own), watch=watch)
        return await wait_for(request, work, watch)


def _card(here: Context, wish: _Wish) -> ModelCard:
    from genrescope.apps.views import card_that_sees

    return here.studio.card(wish.model) if wish.model else card_that_sees(wish.kind)


def _draw(
    here: Context, upload: Upload, wish: _Wish, card: ModelCard | None, watch: Watch
) -> Response:
    from genrescope.apps.views import LONGEST_SECONDS, draw_seen, draw_view

    longest = min(LONGEST_SECONDS, MOST_COLUMNS * wish.hop / RATE_HZ)
    with here.studio.workbench.sound(upload.file, upload.label, watch) as file:
        if card is not None:
            tensor = draw_seen(file, card, wish.start)
            watch.check()
            return _answer_picture(tensor, upload.label, card, wish.form)
        view = draw_view(
            file,
            wish.kind,
            hop=wish.hop,
            start=wish.start,
            duration=wish.duration,
            longest=longest,
        )
    watch.check()
    return _answer_view(view, upload.label, wish.form)


def _answer_view(view: View, label: str, form: Form) -> Response:
    from genrescope.apps.drawing import draw_axes

    cut = f"only the first {view.longest_seconds:g} s are drawn; choose others with start"
    headers = {} if view.whole else {"Genrescope-Notice": cut}
    drawn = view.spectrogram
    if form == "npy":
        return Response(_npy(drawn.values), media_type=MEDIA["npy"], headers=headers)
    if form == "json":
        plain = {
            "source": label,
            "kind": drawn.spec.kind,
            "sample_rate": drawn.spec.sample_rate,
            "hop_length": drawn.spec.hop_length,
            "dynamic_range_db": drawn.spec.dynamic_range_db,
            "whole": view.whole,
            "band_hz": _rounded(drawn.band_hz, 2),
            "frame_seconds": _rounded(drawn.frame_seconds, 4),
            "values": _rounded(drawn.values, 2),
        }
        return Response(json.dumps(plain), media_type=MEDIA["json"], headers=headers)
    image = io.BytesIO()
    with _DRAWING:
        name = "Mel" if drawn.spec.kind == "mel" else "Constant-Q"
        draw_axes(drawn, f"{name} spectrogram", image)
    return Response(image.getvalue(), media_type=MEDIA["png"], headers=headers)


def _answer_picture(tensor: FloatArray, label: str, card: ModelCard, form: Form) -> Response:
    from genrescope.apps.drawing import write_picture
    from genrescope.apps.views import unit_picture

    if form == "npy":
        return Response(_npy(tensor), media_type=MEDIA["npy"])
    if form == "json":
        plain = {
            "source": label,
            "model": card.name,
            "shape": list(tensor.shape),
            "values": _rounded(tensor, 5),
        }
        return Response(json.dumps(plain), media_type=MEDIA["json"])
    image = io.BytesIO()
    write_picture(unit_picture(tensor, card), image)
    return Response(image.getvalue(), media_type=MEDIA["png"])


def _npy(values: FloatArray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _rounded(values: FloatArray, digits: int) -> Any:
    return np.round(values.astype(np.float64), digits).tolist()
